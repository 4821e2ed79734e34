"""The report of an evaluation: document, figures, checklists, page and numbers."""

from RadFusionLib.evaluation.report.writing import check_report_folder, write_report

__all__ = ["check_report_folder", "write_report"]
