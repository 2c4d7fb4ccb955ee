/** The `--labels` file (design 4.7): what is known about failures. CSV `asset,from,to,kind`. */
import { createReadStream } from 'node:fs'
import { parse } from 'csv-parse'
import { failure, messageOf } from '../core/errors.ts'
import { ASSET_ID } from '../core/records.ts'
import { makeTimeReader, type TimeFormat } from './time-format.ts'

/** Times in epoch ms. */
export interface Label {
  readonly asset: string
  /** Onset of the fault; the failure itself when `to` is null. */
  readonly from: number
  /** The failure. */
  readonly to: number | null
  readonly kind: string
}

const COLUMNS = ['asset', 'from', 'to', 'kind']
const ANY: TimeFormat = { format: 'any', zone: 'UTC' }

/**
 * @param time format of the times; default: epoch ms or RFC 3339
 * @throws Failure `input` that names file, row and column
 */
export async function readLabels(file: string, time: TimeFormat = ANY): Promise<Label[]> {
  const readTime = makeTimeReader(time)
  const labels: Label[] = []
  const parser = parse({ bom: true, skip_empty_lines: true, trim: true, columns: checkHeader })
  const bytes = createReadStream(file)
  bytes.on('error', (error) => parser.destroy(error))
  let row = 1
  try {
    for await (const cells of bytes.pipe(parser)) {
      row++
      labels.push(labelOf(cells, readTime))
    }
  } catch (error) {
    throw failure('input', `${file}, row ${row}: ${messageOf(error)}`, error)
  }
  return labels
}

function checkHeader(names: readonly string[]): string[] {
  const lacking = COLUMNS.find((column) => !names.includes(column))
  if (lacking) throw failure('input', `no column ${lacking}; the first row must be ${COLUMNS.join(',')}`)
  return [...names]
}

function labelOf(cells: Readonly<Record<string, string>>, readTime: (text: string) => number | null): Label {
  const { asset = '', from = '', to = '', kind = '' } = cells
  if (!ASSET_ID.test(asset)) throw failure('input', `asset "${asset}" must match ${ASSET_ID.source}`)
  const fromMs = readTime(from)
  if (fromMs === null) throw failure('input', `from: "${from}" is no time; write epoch ms or RFC 3339`)
  const toMs = to === '' ? null : readTime(to)
  if (to !== '' && toMs === null) throw failure('input', `to: "${to}" is no time; leave it empty if unknown`)
  if (toMs !== null && toMs < fromMs) throw failure('input', `to (${to}) is before from (${from})`)
  return { asset, from: fromMs, to: toMs, kind }
}
