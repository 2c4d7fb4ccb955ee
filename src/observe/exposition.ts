/**
 * Metrics as text: the Prometheus format 0.0.4 and OpenMetrics 1.0, by content negotiation. prom-client
 * keeps one content type per registry and renames counters for good when it writes OpenMetrics; serving
 * both from one registry needs a writer of our own.
 */

export const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8'
export const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** A sample as prom-client gives it in JSON. */
export interface Sample {
  readonly value: number
  readonly labels: Readonly<Record<string, string | number | undefined>>
  /** Set for the parts of a histogram: `NAME_bucket`, `NAME_sum`, `NAME_count`. */
  readonly metricName?: string
}

/** A metric with its samples as prom-client gives it in JSON. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string | number
  readonly values: readonly Sample[]
}

/**
 * Which format a client wants, by its `Accept` header (RFC 9110, 12.5.1).
 * @param accept header as sent; none means anything
 * @returns OpenMetrics only to a client that names it and likes it at least as much as plain text
 */
export function negotiate(accept: string | undefined): typeof PROMETHEUS | typeof OPENMETRICS {
  let openMetrics = 0
  let plain = 0
  for (const part of (accept ?? '').split(',')) {
    const [range, ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    const quality = qualityOf(parameters)
    if (range === 'application/openmetrics-text') openMetrics = Math.max(openMetrics, quality)
    else if (range === 'text/plain' || range === 'text/*') plain = Math.max(plain, quality)
  }
  return openMetrics > 0 && openMetrics >= plain ? OPENMETRICS : PROMETHEUS
}

function qualityOf(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith('q='))
  if (text === undefined) return 1
  const quality = Number(text.slice(2))
  return quality >= 0 && quality <= 1 ? quality : 0
}

/** @returns the whole page in the format of that content type */
export function writeFamilies(families: readonly Family[], contentType: string): string {
  const openMetrics = contentType === OPENMETRICS
  const lines: string[] = []
  for (const family of families) writeFamily(family, openMetrics, lines)
  if (openMetrics) lines.push('# EOF')
  return `${lines.join('\n')}\n`
}

function writeFamily(family: Family, openMetrics: boolean, lines: string[]): void {
  const type = familyType(family, openMetrics)
  const name = openMetrics ? familyName(family.name, type) : family.name
  lines.push(`# HELP ${name} ${escapeHelp(family.help, openMetrics)}`, `# TYPE ${name} ${type}`)
  for (const { metricName, labels, value } of family.values) {
    lines.push(`${metricName ?? family.name}${writeLabels(labels)} ${writeNumber(value)}`)
  }
}

function familyType(family: Family, openMetrics: boolean): string {
  const type = String(family.type)
  return openMetrics && type === 'gauge' && family.name.endsWith('_info') ? 'info' : type
}

/** OpenMetrics names a family without the suffix that its samples carry. */
function familyName(name: string, type: string): string {
  if (type === 'counter') return name.replace(/_total$/, '')
  return type === 'info' ? name.replace(/_info$/, '') : name
}

function writeLabels(labels: Sample['labels']): string {
  const parts: string[] = []
  for (const [name, value] of Object.entries(labels)) {
    if (value !== undefined) parts.push(`${name}="${escapeLabel(String(value))}"`)
  }
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

function writeNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}

function escapeHelp(text: string, openMetrics: boolean): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return openMetrics ? escaped.replaceAll('"', '\\"') : escaped
}
