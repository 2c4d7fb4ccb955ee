/**
 * Charts of a report as SVG text: scales, ticks and paths are d3's, which needs no browser. Colours are classes, so
 * that the page's style decides about light and dark; each chart has a title and a description for those who listen.
 */
import { scaleLinear, scaleUtc } from 'd3-scale'
import { curveStepAfter, line } from 'd3-shape'
import type { Point } from './report.ts'

export interface Axis {
  readonly label: string
  readonly from: number
  readonly to: number
  /** `time`: epoch ms, ticks in UTC. */
  readonly kind?: 'number' | 'share' | 'time'
}

/** What is drawn over the axes, in order. Classes are those of `report-style.ts`. */
export type Mark =
  | { readonly line: readonly Point[]; readonly mark: string; readonly steps?: boolean }
  | { readonly dots: readonly Point[]; readonly mark: string; readonly titles?: readonly string[] }
  /** Filled from x to x, over y from 0 or over the whole height. */
  | { readonly bars: readonly Bar[]; readonly mark: string }

export interface Bar {
  readonly from: number
  readonly to: number
  /** Null = as high as the chart. */
  readonly height: number | null
  readonly title?: string
}

export interface ChartOptions {
  /** Unique in the page. */
  readonly id: string
  readonly title: string
  readonly description: string
  readonly width?: number
  readonly height?: number
  readonly x: Axis
  readonly y: Axis
  readonly marks: readonly Mark[]
}

const MARGIN = { top: 12, right: 26, bottom: 40, left: 62 }

export function chart(options: ChartOptions): string {
  const { id, title, description, width = 460, height = 320, x, y } = options
  const inner = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom }
  const across = scaleOf(x, 0, inner.width)
  const up = scaleOf(y, inner.height, 0)
  const place: Place = { x: across.place, y: up.place, height: inner.height }
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-text">`,
    `<title id="${id}-title">${escaped(title)}</title><desc id="${id}-text">${escaped(description)}</desc>`,
    `<clipPath id="${id}-clip"><rect x="-1" y="-1" width="${inner.width + 2}" height="${inner.height + 2}"/></clipPath>`,
    `<g transform="translate(${MARGIN.left} ${MARGIN.top})">`,
    ...up.ticks.map(
      ({ at, text }) =>
        `<path class="grid" d="M0 ${at}H${inner.width}"/><text class="tick end" x="-8" y="${at + 4}">${text}</text>`,
    ),
    ...across.ticks.map(
      ({ at, text }) =>
        `<path class="grid" d="M${at} 0V${inner.height}"/><text class="tick middle" x="${at}" y="${inner.height + 18}">${text}</text>`,
    ),
    `<text class="label middle" x="${inner.width / 2}" y="${inner.height + 36}">${escaped(x.label)}</text>`,
    `<text class="label middle" transform="translate(-50 ${inner.height / 2}) rotate(-90)">${escaped(y.label)}</text>`,
    `<g clip-path="url(#${id}-clip)">${options.marks.map((mark) => drawn(mark, place)).join('')}</g>`,
    '</g></svg>',
  ].join('')
}

interface Place {
  readonly x: (value: number) => number
  readonly y: (value: number) => number
  readonly height: number
}

interface Tick {
  readonly at: number
  readonly text: string
}

interface Scale {
  readonly ticks: readonly Tick[]
  place(value: number): number
}

const TICKS = 5

function scaleOf({ from, to, kind }: Axis, start: number, end: number): Scale {
  if (kind === 'time') {
    const scale = scaleUtc().domain([from, to]).range([start, end])
    const format = scale.tickFormat(TICKS, timeFormat(to - from))
    const ticks = scale
      .ticks(TICKS)
      .map((time) => ({ at: rounded(scale(time)), text: escaped(format(time)) }))
    return { ticks, place: (value) => scale(value) }
  }
  const scale = scaleLinear().domain([from, to]).range([start, end])
  const format =
    kind === 'share' ? (value: number) => `${Math.round(value * 100)} %` : scale.tickFormat(TICKS)
  const ticks = scale
    .ticks(TICKS)
    .map((value) => ({ at: rounded(scale(value)), text: escaped(format(value)) }))
  return { ticks, place: (value) => scale(value) }
}

const DAY_MS = 86_400_000

/** d3's own choice has hours of twelve. */
function timeFormat(spanMs: number): string {
  if (spanMs <= 600_000) return '%H:%M:%S'
  if (spanMs <= DAY_MS) return '%H:%M'
  if (spanMs <= 10 * DAY_MS) return '%d %b %H:%M'
  return spanMs <= 1000 * DAY_MS ? '%d %b %Y' : '%Y'
}

function drawn(mark: Mark, place: Place): string {
  if ('line' in mark) {
    const path = line<Point>(
      ([x]) => place.x(x),
      ([, y]) => place.y(y),
    ).digits(1)
    const steps = mark.steps ? path.curve(curveStepAfter) : path
    return `<path class="line ${mark.mark}" d="${steps([...mark.line]) ?? ''}"/>`
  }
  if ('dots' in mark) {
    return mark.dots
      .map(([x, y], i) => {
        const title = mark.titles?.[i]
        const inside = title === undefined ? '' : `<title>${escaped(title)}</title>`
        return `<circle class="dot ${mark.mark}" cx="${rounded(place.x(x))}" cy="${rounded(place.y(y))}" r="4">${inside}</circle>`
      })
      .join('')
  }
  return mark.bars.map((bar) => drawnBar(bar, mark.mark, place)).join('')
}

/** Thinner bars would not be seen. */
const LEAST_BAR = 1.5

function drawnBar({ from, to, height, title }: Bar, mark: string, place: Place): string {
  const left = place.x(from)
  const top = height === null ? 0 : place.y(height)
  const width = Math.max(LEAST_BAR, place.x(to) - left)
  const inside = title === undefined ? '' : `<title>${escaped(title)}</title>`
  return `<rect class="bar ${mark}" x="${rounded(left)}" y="${rounded(top)}" width="${rounded(width)}" height="${rounded(place.height - top)}">${inside}</rect>`
}

export interface NamedBar {
  readonly name: string
  readonly value: number
  readonly spread: number
}

const ROW = 22
const NAMES = 190

/** Bars from left to right under each other, with names and whiskers of ± one spread. */
export function namedBars(
  id: string,
  title: string,
  description: string,
  label: string,
  bars: readonly NamedBar[],
): string {
  const width = 460
  const height = bars.length * ROW + 44
  const most = Math.max(1e-6, ...bars.map(({ value, spread }) => value + spread))
  const least = Math.min(0, ...bars.map(({ value, spread }) => value - spread))
  const scale = scaleLinear()
    .domain([least, most])
    .nice()
    .range([0, width - NAMES - 24])
  const format = scale.tickFormat(4)
  const bottom = bars.length * ROW
  const ticks = scale.ticks(4).map((tick) => {
    const at = rounded(scale(tick))
    return `<path class="grid" d="M${at} 0V${bottom}"/><text class="tick middle" x="${at}" y="${bottom + 16}">${escaped(format(tick))}</text>`
  })
  const rows = bars.map(({ name, value, spread }, i) => {
    const [zero, end] = [rounded(scale(0)), rounded(scale(value))]
    const middle = i * ROW + ROW / 2
    return [
      `<text class="tick end" x="-8" y="${middle + 4}">${escaped(name)}</text>`,
      `<rect class="bar series-0" x="${Math.min(zero, end)}" y="${i * ROW + 4}" width="${rounded(Math.max(0.5, Math.abs(end - zero)))}" height="${ROW - 8}"/>`,
      `<path class="whisker" d="M${rounded(scale(value - spread))} ${middle}H${rounded(scale(value + spread))}"/>`,
    ].join('')
  })
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-text">`,
    `<title id="${id}-title">${escaped(title)}</title><desc id="${id}-text">${escaped(description)}</desc>`,
    `<g transform="translate(${NAMES} 4)">`,
    ...ticks,
    ...rows,
    `<text class="label middle" x="${(width - NAMES - 24) / 2}" y="${bottom + 34}">${escaped(label)}</text>`,
    '</g></svg>',
  ].join('')
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}

/** Names come from readings and files: never markup. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)
}
