"""How the page looks: one theme, one sheet of CSS, no font or file from elsewhere."""

from __future__ import annotations

import gradio as gr

SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")

CSS = """
.gradio-container{max-width:1720px!important;margin:0 auto!important;padding:12px 16px 32px!important}
#head h1{font-size:1.25rem;font-weight:650;margin:0;line-height:1.3}
#head p{margin:0;font-size:.9rem;opacity:.75}
#head .bar{display:flex;flex-wrap:wrap;gap:.3rem 1rem;align-items:center;justify-content:space-between}
.chip{display:inline-block;font-size:.8rem;padding:.15rem .65rem;border-radius:1rem;background:var(--background-fill-secondary);border:1px solid var(--border-color-primary)}
.chip.good::before{content:"";display:inline-block;width:.5rem;height:.5rem;border-radius:50%;background:#009e73;margin-right:.4rem}
.chip.bad{border-color:#d55e00}
.card{border:1px solid var(--border-color-primary);border-left:6px solid var(--border-color-primary);border-radius:10px;padding:14px 18px;background:var(--background-fill-primary)}
.card.normal{border-left-color:#0072b2}.card.anomalous{border-left-color:#d55e00}
.card .verdict{font-size:1.35rem;font-weight:700;display:flex;flex-wrap:wrap;align-items:center;gap:.1rem .6rem;line-height:1.4}
.card.idle .verdict{font-size:1.1rem;font-weight:600}
.card .sign{display:inline-flex;width:1.6rem;height:1.6rem;border-radius:50%;align-items:center;justify-content:center;font-size:1rem;color:#fff;background:#0072b2}
.card.anomalous .sign{background:#c04f00}
.card .band{font-size:.95rem;font-weight:400;opacity:.8}
.meter{position:relative;height:8px;border-radius:4px;background:var(--border-color-primary);margin:10px 0 6px}
.meter .fill{height:100%;border-radius:4px;background:#0072b2}.card.anomalous .fill{background:#d55e00}
.meter .mark{position:absolute;top:-4px;width:2px;height:16px;background:var(--body-text-color)}
.numbers,.facts{font-size:.85rem;opacity:.8}.said{margin:.5rem 0;line-height:1.5}
.medical{font-weight:650;border:1px solid #b45309;border-radius:6px;padding:.35rem .7rem;margin:.5rem 0;background:#f59e0b22}
.error,.done,.busy{border-radius:8px;padding:10px 14px;border:1px solid var(--border-color-primary);overflow-wrap:anywhere}
.error{border-color:#d55e00;border-left-width:6px}.done{border-left:6px solid #009e73}
.busy{display:flex;gap:.7rem;align-items:center}
.spin{flex:none;width:1rem;height:1rem;border-radius:50%;border:2px solid var(--border-color-primary);border-top-color:#0072b2;animation:turn 1s linear infinite}
@keyframes turn{to{transform:rotate(360deg)}}
@media (prefers-reduced-motion:reduce){.spin{animation:none}}
#ask-row button,.quiet button{min-width:0}
.suggest{white-space:normal!important;text-align:left!important;font-weight:400!important}
#talk .message{white-space:pre-wrap}
:focus-visible{outline:2px solid #0072b2!important;outline-offset:2px}
#medical-line{position:sticky;top:0;z-index:40}
#table table{font-size:.88rem}
footer{display:none!important}
@media (max-width:700px){.gradio-container{padding:8px 8px 24px!important}.card{padding:12px}}
"""


def theme() -> gr.themes.Base:
    """Calm neutral theme with the system's fonts."""
    return gr.themes.Base(
        primary_hue="sky", neutral_hue="slate", font=list(SANS), font_mono=list(MONO), radius_size="md", text_size="md"
    ).set(
        button_primary_background_fill="#0b6aa2",
        button_primary_background_fill_hover="#095a8a",
        button_primary_text_color="white",
        button_primary_background_fill_dark="#0b6aa2",
        button_primary_background_fill_hover_dark="#0e7fc0",
        block_label_text_weight="500",
    )
