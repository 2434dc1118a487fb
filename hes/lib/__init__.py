"""Small helpers that know no business."""
