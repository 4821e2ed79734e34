"""The page's style sheet."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
html { overflow: hidden; }
.reader-main { display: flex; flex-direction: column; height: 100%; background: #000; }
.reader-views { flex: 1 1 0; min-height: 0; display: flex; }
.reader-views > * { flex: 1; min-width: 0; }
.reader-views .layout-grid-container, .reader-views .layout-grid-container > div { min-width: 0; min-height: 0; }
.reader-drawer .v-expansion-panel-text__wrapper { padding: 4px 12px 10px; }
.reader-drawer .v-expansion-panel-title { font-size: 0.9rem; }
.reader-title { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.reader-drawer .v-alert__content, .reader-term { overflow-wrap: anywhere; }
.reader-drawer .v-alert { font-size: 0.82rem; line-height: 1.35; padding: 8px 12px; }
.reader-remark { opacity: 0.85; }
.reader-notice { color: #ffb4ab; font-size: 12px; line-height: 1.3; }
.reader-choose { display: inline-block; padding: 6px 14px; border-radius: 4px; background: #37474f; cursor: pointer; }
.reader-choose:focus-within { outline: 2px solid #90caf9; }
.reader-file { position: absolute; width: 1px; height: 1px; opacity: 0; }
.reader-axis { position: relative; height: 22px; margin-top: 8px; background: #3a3f46; border-radius: 3px; }
.reader-interval { position: absolute; top: 7px; height: 8px; background: #8fa6bd; border-radius: 4px; }
.reader-mark { position: absolute; top: 0; height: 22px; width: 3px; margin-left: -1.5px; }
.reader-mark-risk { background: #ffffff; }
.reader-mark-threshold { background: #ffb300; }
.reader-mark-prevalence { background: #4dd0a5; }
.reader-key { display: inline-block; width: 10px; height: 10px; margin-right: 6px; border-radius: 2px; flex: none; }
.reader-term { margin-bottom: 3px; }
.reader-term .text-caption { line-height: 1.25; }
.reader-bar-row { position: relative; height: 7px; background: #2b2f34; border-radius: 2px; }
.reader-bar { position: absolute; top: 0; height: 7px; border-radius: 2px; }
.reader-number { flex: none; white-space: nowrap; }
.reader-range { background: #75808c; }
.reader-place { position: absolute; top: -2px; height: 11px; width: 5px; margin-left: -2.5px; background: #ffffff;
  border-radius: 2px; }
.reader-raises { background: #d6455a; }
.reader-lowers { background: #4b82d4; }
.reader-legend { display: flex; align-items: center; gap: 16px; padding: 6px 12px; background: #16181b; color: #eee;
  font-size: 12px; line-height: 1.3; flex: none; }
.reader-legend-scale { flex: 0 0 260px; }
.reader-legend-colors { height: 12px; border-radius: 2px; }
"""
