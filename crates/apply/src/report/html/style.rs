//! The page's only style sheet.

/// The style for light and dark, wide and narrow, screen and paper. Every text colour has a contrast of at
/// least 4.5 to 1.
pub(super) const SHEET: &str = "
:root{color-scheme:light dark;--bg:#fff;--fg:#1f2328;--dim:#57606a;--line:#d0d7de;--card:#f6f8fa;
--buy:#116329;--change:#7d4e00;--end:#a40e26;--held:#6639ba;--good:#116329;--bad:#a40e26}
@media (prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9198a1;--line:#30363d;--card:#161b22;
--buy:#7ee787;--change:#e3b341;--end:#ff7b72;--held:#d2a8ff;--good:#7ee787;--bad:#ff7b72}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:60rem;background:var(--bg);color:var(--fg);
font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25;margin:.1rem 0 0;font-weight:650}
h2{font-size:1.1rem;margin:2rem 0 .6rem;padding-bottom:.25rem;border-bottom:1px solid var(--line)}
p{margin:.35rem 0}
code,pre,summary,details p{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:.875rem}
code{background:var(--card);border:1px solid var(--line);border-radius:.3rem;padding:.05rem .3rem;display:inline-block;max-width:100%;line-height:1.35}
pre{white-space:pre-wrap;margin:0}
.what{color:var(--dim);margin:0}
.good{color:var(--good)}
.bad{color:var(--bad)}
.error,.obstacle,.next{border-left:.3rem solid var(--bad);background:var(--card);padding:.6rem .8rem;margin:1rem 0}
.next{border-color:var(--dim)}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(7.5rem,1fr));gap:.5rem;margin:.8rem 0 0}
dl div{display:flex;flex-direction:column-reverse;justify-content:flex-end;background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.4rem .7rem}
dt{color:var(--dim);font-size:.8rem;line-height:1.35}
dd{margin:0;font-size:1.35rem;font-weight:650;line-height:1.3}
ul{list-style:none;margin:0;padding:0}
li,details{border:1px solid var(--line);border-left:.3rem solid var(--line);border-radius:.4rem;padding:.4rem .8rem;margin:.5rem 0}
.held{border-left-color:var(--held)}
.warned{border-left-color:var(--change)}
.buy{border-left-color:var(--buy)}
.change{border-left-color:var(--change)}
.end{border-left-color:var(--end)}
.place{color:var(--dim);font-size:.875rem}
.hint{background:var(--card);border-radius:.3rem;padding:.3rem .6rem}
summary{cursor:pointer;font-weight:650;padding:.2rem 0}
summary:focus-visible{outline:2px solid var(--held);outline-offset:2px}
details div{padding:.2rem 0 .4rem 1.1rem}
details p{margin:0;line-height:1.45;white-space:pre-wrap;padding-left:2ch;text-indent:-2ch}
details p.field{padding-left:14ch;text-indent:-14ch}
.buy summary{color:var(--buy)}
.change summary{color:var(--change)}
.end summary{color:var(--end)}
table{border-collapse:collapse;width:100%;margin-top:.8rem;font-size:.95rem}
caption{text-align:left;color:var(--dim);font-size:.875rem;padding-bottom:.2rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .5rem;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
tbody th{font-weight:400}
td.changed{font-weight:650}
td small{display:block;color:var(--dim);font-weight:400}
footer{margin-top:2.5rem;border-top:1px solid var(--line)}
footer dl{display:block}
footer dl div{display:grid;grid-template-columns:7rem 1fr;background:none;border:0;padding:.15rem 0}
footer dt,footer dd{font-size:.875rem;font-weight:400}
footer code{border:0;padding:0;background:none}
a{color:inherit}
@media (max-width:30rem){
body{padding:.7rem}
h2{margin-top:1.3rem}
li,details{padding:.25rem .55rem;margin:.35rem 0}
details div{padding-left:0}
dl{grid-template-columns:repeat(auto-fill,minmax(6.2rem,1fr));gap:.35rem}
dl div{padding:.3rem .5rem}
dd{font-size:1.15rem}
footer dl div{padding:.1rem 0}
}
@page{margin:18mm 15mm}
@media print{
:root{--bg:#fff;--fg:#000;--dim:#444;--line:#999;--card:#fff;--buy:#116329;--change:#7d4e00;--end:#a40e26;--held:#6639ba;--good:#116329;--bad:#a40e26}
body{max-width:none;padding:0;font-size:11pt}
li,details,table,tr{break-inside:avoid}
h2{break-after:avoid}
details::details-content{content-visibility:visible;block-size:auto}
}
";
