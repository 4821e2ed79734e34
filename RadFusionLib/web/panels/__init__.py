"""The page's parts, in the order of the work; none of them does anything but show the state and pass events on."""
