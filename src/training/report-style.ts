/** The style of a report's page, light and dark, on screens and on paper; it goes into the page, which loads nothing. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --bg: #f3f5f8; --surface: #fff; --line: #dde3ea; --text: #14202e; --muted: #566374;
  --series-0: #1d4ed8; --series-1: #b45309; --series-2: #6d28d9; --bad: #b4123d; --good: #15803d;
  --fault: rgb(180 18 61 / 14%); --alert: rgb(194 65 12 / 60%); --soft: rgb(68 84 106 / 22%) }
@media (prefers-color-scheme: dark) {
  :root { --bg: #0f1620; --surface: #18222f; --line: #2c3a4b; --text: #e8eef5; --muted: #9fb0c3;
    --series-0: #7cacff; --series-1: #f5b454; --series-2: #c4a5ff; --bad: #ff8ba0; --good: #74d99a;
    --fault: rgb(255 139 160 / 18%); --alert: rgb(251 146 60 / 65%); --soft: rgb(159 176 195 / 26%) }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1120px; margin: 0 auto; padding: 24px 20px 64px }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; text-wrap: balance }
h2 { font-size: 19px; margin: 36px 0 4px }
h3 { font-size: 15px; margin: 0 0 4px }
p { margin: 4px 0 12px; max-width: 78ch }
.muted, figcaption, dt { color: var(--muted) }
code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 12px; margin: 20px 0 }
.tile, figure, .scroll { background: var(--surface); border: 1px solid var(--line); border-radius: 10px }
.tile { padding: 12px 14px; margin: 0 }
.tile dt { font-size: 13px }
.tile dd { margin: 2px 0 0; font-size: 24px; font-weight: 650; font-variant-numeric: tabular-nums }
.tile small { display: block; font-size: 12.5px; font-weight: 400; color: var(--muted) }
.scroll { overflow-x: auto; margin: 12px 0 }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: 7px 9px; text-align: right; border-top: 1px solid var(--line); vertical-align: top }
td { white-space: nowrap }
thead th { border-top: 0; font-size: 12.5px; line-height: 1.3; color: var(--muted); font-weight: 600; vertical-align: bottom }
tbody th, thead th:first-child { text-align: left; font-weight: 600 }
tbody th small { display: block; font-weight: 400; color: var(--muted); font-size: 12px; min-width: 22ch; max-width: 34ch }
td small { display: block; color: var(--muted); font-size: 11.5px }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(440px, 100%), 1fr)); gap: 16px; margin: 12px 0 }
figure { margin: 0; padding: 12px 14px; min-width: 0 }
figure.wide { grid-column: 1 / -1 }
figcaption { font-size: 13px }
svg { display: block; width: 100%; height: auto }
svg text { fill: var(--muted); font: 12px system-ui, sans-serif }
svg .label { fill: var(--text) }
.middle { text-anchor: middle } .end { text-anchor: end }
.grid { stroke: var(--line); fill: none }
.line { fill: none; stroke-width: 2; stroke-linejoin: round }
.bar { stroke: none }
.whisker { stroke: var(--text); stroke-width: 1.5; fill: none }
.series-0 { --c: var(--series-0) } .series-1 { --c: var(--series-1) } .series-2 { --c: var(--series-2) }
.line.series-0, .line.series-1, .line.series-2 { stroke: var(--c) }
.line.series-1 { stroke-dasharray: 7 3 } .line.series-2 { stroke-dasharray: 2 3 }
.dot.series-0, .dot.series-1, .dot.series-2, .bar.series-0, .bar.series-1, .bar.series-2 { fill: var(--c) }
.line.even { stroke: var(--muted); stroke-dasharray: 3 4; stroke-width: 1.3 }
.line.limit { stroke: var(--bad); stroke-dasharray: 5 4; stroke-width: 1.3 }
.line.trace { stroke: var(--series-0); stroke-width: 1.3 }
.bar.soft { fill: var(--soft) } .bar.fault { fill: var(--fault) } .bar.alert { fill: var(--alert) }
.key { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px; margin: 8px 0; padding: 0; list-style: none }
.key i { display: inline-block; width: 22px; height: 11px; margin-right: 6px; vertical-align: -1px }
.key .fault { background: var(--fault); border: 1px solid var(--bad) } .key .alert { background: var(--alert) }
.key .series-0, .key .series-1, .key .series-2 { height: 0; border-top: 3px solid var(--c); vertical-align: 4px }
.key .series-1 { border-top-style: dashed } .key .series-2 { border-top-style: dotted }
.key .limit { height: 0; border-top: 2px dashed var(--bad); vertical-align: 4px }
.bad { color: var(--bad) } .good { color: var(--good) }
@media print { body { background: none } figure, .tile { break-inside: avoid } }
`
