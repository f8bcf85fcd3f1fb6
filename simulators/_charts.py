"""The common look of charts."""

import plotly.graph_objects as go


def layout(chart: go.Figure, x: str, y: str, *, height: int = 320) -> go.Figure:
    """The common look: a legend above, little margin, few ticks."""
    chart.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        hovermode="x unified",
    )
    chart.update_xaxes(title_text=x, nticks=6, automargin=True)
    chart.update_yaxes(title_text=y, nticks=6, automargin=True)
    return chart
