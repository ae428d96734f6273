/** The page's style sheet: light and dark by the reader's setting, usable narrow and on paper. */
export const pageStyle = `
:root { color-scheme: light dark;
  --ground: light-dark(#fbfbf9, #15181c); --sheet: light-dark(#fff, #1d2126); --ink: light-dark(#1c2127, #e4e7ea);
  --dim: light-dark(#5c6670, #98a2ac); --line: light-dark(#dcdfe3, #343a42); --accent: light-dark(#1f5fae, #7db4f5);
  --good: light-dark(#1b7a3d, #5ec584); --bad: light-dark(#b3261e, #ff8a80); --odd: light-dark(#8a5a00, #f0b95a); --none: light-dark(#6a727b, #8d97a1);
  --tls: light-dark(#1b7a3d, #5ec584); --plain: light-dark(#a05a00, #f0b95a); }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem }
header { padding-top: 1.5rem; padding-bottom: .5rem }
.brand { margin: 0; color: var(--dim); letter-spacing: .08em; text-transform: uppercase; font-size: .8rem }
h1 { margin: .2rem 0 .6rem; font-size: 1.7rem; line-height: 1.25 }
h2 { margin: 2rem 0 .7rem; font-size: 1.2rem }
h3 { display: inline; margin: 0; font-size: 1rem; font-weight: 600 }
h4 { margin: 1.2rem 0 .4rem; font-size: .8rem; color: var(--dim); text-transform: uppercase; letter-spacing: .05em }
a { color: var(--accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
[hidden] { display: none }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
.dim, .note, .facts, footer { color: var(--dim) } .note { font-size: .85rem; margin: .3rem 0 }
.counts { display: flex; flex-wrap: wrap; gap: .4rem 1.4rem; margin: 0 0 .6rem; padding: 0; list-style: none }
dl.facts { display: flex; flex-wrap: wrap; gap: .1rem 1.3rem; margin: 0 0 .8rem; font-size: .85rem }
dl.facts div { display: flex; gap: .35rem } dl.facts dt { opacity: .8 } dl.facts dd { margin: 0; color: var(--ink); overflow-wrap: anywhere }
.mark { white-space: nowrap } .mark .sign { display: inline-block; width: 1.25em; font-weight: 700 }
.mark.passed { color: var(--good) } .mark.failed { color: var(--bad) } .mark.unknown { color: var(--odd) } .mark.skipped { color: var(--none) }
.filter { position: sticky; top: 0; z-index: 1; display: grid; grid-template-columns: auto 1fr auto; gap: .2rem .7rem; align-items: center; padding: .6rem 0; background: var(--ground) }
.filter .note { grid-column: 1 / -1; margin: 0 }
input { width: 100%; padding: .4rem .6rem; font: inherit; color: inherit; background: var(--sheet); border: 1px solid var(--line); border-radius: 6px }
.scroll { overflow-x: auto; max-width: 100% }
table { border-collapse: collapse; font-size: .88rem } th, td { padding: .25rem .7rem .25rem 0; text-align: left; vertical-align: top }
thead th { color: var(--dim); font-weight: 500; border-bottom: 1px solid var(--line) }
tbody th { font-weight: 400 } .matrix { width: 100% } .matrix tbody tr:not(.file) { border-bottom: 1px solid var(--line) }
.matrix td, .matrix thead th:not(:first-child) { text-align: center; width: 7rem } .matrix a { text-decoration: none; padding: 0 .3rem }
.file th { padding-top: .8rem; color: var(--dim); font-family: ui-monospace, monospace; font-size: .8rem }
article.scenario { margin: .45rem 0; background: var(--sheet); border: 1px solid var(--line); border-left: 4px solid var(--none); border-radius: 6px; scroll-margin-top: 6rem }
article.passed { border-left-color: var(--good) } article.failed { border-left-color: var(--bad) } article.unknown { border-left-color: var(--odd) }
article.scenario > details > summary { display: flex; flex-wrap: wrap; gap: .2rem .7rem; align-items: baseline; padding: .5rem .8rem; cursor: pointer }
summary .aside { margin-left: auto; color: var(--dim); font-size: .82rem; white-space: nowrap } .suite { color: var(--dim); font-weight: 400 }
.tag { padding: .05rem .45rem; border: 1px solid var(--line); border-radius: 999px }
.evidence { padding: 0 .9rem 1rem; border-top: 1px solid var(--line) }
pre { margin: .3rem 0; padding: .6rem .8rem; max-height: 28rem; overflow: auto; background: var(--ground); border: 1px solid var(--line); border-radius: 6px; font: 12.5px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
pre.failure { border-left: 4px solid var(--bad) } .reason { margin: .6rem 0; font-weight: 600 }
code, kbd { font: .88em ui-monospace, monospace } kbd { padding: 0 .35em; border: 1px solid var(--line); border-radius: 4px }
.line { display: flex; gap: .6rem; align-items: flex-start; margin: .3rem 0; padding: .35rem .35rem .35rem .7rem; background: var(--ground); border: 1px solid var(--line); border-radius: 6px }
header .line { background: var(--sheet) } .line code { flex: 1; padding-top: .15rem; white-space: pre-wrap; overflow-wrap: anywhere }
button { padding: .15rem .6rem; font: inherit; font-size: .82rem; color: inherit; background: var(--sheet); border: 1px solid var(--line); border-radius: 5px; cursor: pointer }
ol.commands { margin: 0; padding-left: 1.4rem } p.facts { margin: .1rem 0; font-size: .85rem } .facts span { margin-right: .8rem }
.label { margin: .3rem 0 0; font-size: .8rem; color: var(--dim) } .ok, td.tls { color: var(--good) } .bad { color: var(--bad) } td.plaintext { color: var(--plain) }
details.log, details.table { margin: .3rem 0 } details.log summary, details.table summary { cursor: pointer } .node { font-weight: 600 }
figure { margin: 0 0 1rem } figcaption { color: var(--dim); margin-bottom: .2rem }
svg { max-width: none; font: 12px system-ui, sans-serif; fill: var(--ink) } svg text { text-anchor: middle }
svg .when { text-anchor: start; fill: var(--dim); font-size: 11px } svg .ladder text.what[text-anchor=start] { text-anchor: start }
.frame, .box rect, .lifeline rect { fill: var(--sheet); stroke: var(--line) } .box.proxy rect { stroke: var(--accent); stroke-width: 1.5 } .box.control-plane rect { stroke-dasharray: 5 3; stroke: var(--accent) }
.box .name, .lifeline text { font-weight: 600 } .box .kind, .box .address, .box.link text, .namespace, .wire text { fill: var(--dim); font-size: 11px } svg .namespace { text-anchor: start }
.wire line, .wire path, .lifeline line { stroke: var(--line); stroke-width: 1.5; fill: none } .lifeline line { stroke-dasharray: 2 4 }
.shaft { stroke: var(--none); stroke-width: 1.6; fill: none } .head { fill: var(--none) }
.tls > .shaft { stroke: var(--tls) } .tls > .head, svg .tls > .what, .flow.tls > text { fill: var(--tls) }
.plaintext > .shaft { stroke: var(--plain) } .plaintext > .head, svg .plaintext > .what, .flow.plaintext > text { fill: var(--plain) }
.broken > .shaft { stroke: var(--bad); stroke-dasharray: 4 3 } .broken > .head, svg .broken > .end, .flow.broken > text { fill: var(--bad) }
svg .end { fill: var(--dim); font-size: 11px }
footer { padding-top: 2rem; padding-bottom: 2rem; font-size: .85rem }
@media (max-width: 40rem) { summary .aside { margin-left: 0 } header, main, footer { padding-left: .8rem; padding-right: .8rem } .matrix td, .matrix thead th:not(:first-child) { width: auto } }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth } }
@media print { .filter, button { display: none } pre { max-height: none } article { break-inside: avoid-page } }
`
