/** Style sheet of report.html, light or dark as the reader's system is. */
export const STYLE = `
:root { color-scheme: light dark; --text: #1b1b1f; --soft: #5d5d68; --line: #d9d9e0; --ground: #fff; --bar: #2f6fdb; --track: #e9edf5;
  --right: 38, 122, 74; --wrong: 190, 60, 40 }
@media (prefers-color-scheme: dark) { :root { --text: #ececf1; --soft: #a3a3b0; --line: #3a3a44; --ground: #17171b;
  --bar: #7ea8f2; --track: #2a2d36;
  --right: 80, 180, 120; --wrong: 235, 110, 90 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 24px 16px 64px; max-width: 980px; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 24px; margin: 0 0 4px; overflow-wrap: anywhere }
h2 { font-size: 18px; margin: 40px 0 8px }
p { margin: 4px 0 12px; max-width: 70ch; overflow-wrap: anywhere }
.soft, figcaption small { color: var(--soft) }
.figures { display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0; padding: 0 }
.figures div { border: 1px solid var(--line); border-radius: 8px; padding: 10px 16px; min-width: 130px }
.figures dt { color: var(--soft); font-size: 13px }
.figures dd { margin: 0; font-size: 22px; font-variant-numeric: tabular-nums }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 3px 10px; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap }
th { font-weight: 500 }
thead th { color: var(--soft); font-size: 13px }
.number { text-align: right }
.share { display: inline-flex; align-items: center; gap: 8px; min-width: 190px }
.share svg { width: 110px; height: 9px }
svg .bar { fill: var(--bar) }
svg .track { fill: var(--track) }
svg .grid { stroke: var(--line) }
svg .ideal { stroke: var(--soft); stroke-dasharray: 4 4 }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif }
.plot svg { width: min(420px, 100%) }
.confusion th, .confusion td { padding: 3px 7px; border: 1px solid var(--line) }
.confusion td { text-align: center; min-width: 32px }
.confusion .right { background: color-mix(in srgb, rgb(var(--right)) calc(var(--shade) * .55), var(--ground)) }
.confusion .wrong { background: color-mix(in srgb, rgb(var(--wrong)) calc(var(--shade) * .75), var(--ground)) }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 16px }
figure { margin: 0; min-width: 0 }
figure img { width: 100%; height: 140px; object-fit: contain; background: var(--track); border-radius: 6px; display: block }
figcaption { font-size: 13px; overflow-wrap: anywhere }
details { margin: 8px 0 }
summary { cursor: pointer }
li { overflow-wrap: anywhere }
`
