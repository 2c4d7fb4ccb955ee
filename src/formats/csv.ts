/** CSV (or any text with a delimiter) → readings, as a map says; row by row, in the file's order. */
import type { Readable } from 'node:stream'
import { parse } from 'csv-parse'
import { failure, messageOf } from '../core/errors.ts'
import type { RecordingMap } from './map.ts'
import { makeTable, type RecordedReading, type RowReader } from './rows.ts'

/** Longest row; a quote that is never closed would otherwise gather the file. */
const ROW_LETTERS = 1024 * 1024

/**
 * @param bytes of the file, unpacked
 * @param file its name without folder and extension
 * @throws Failure `input` that names the row (the header is row 1), the column and what would be right
 */
export async function* readCsv(
  bytes: Readable,
  map: RecordingMap,
  file: string,
): AsyncGenerator<RecordedReading> {
  const table = makeTable(map, file)
  let names: readonly string[] | null = map.header ? null : map.columns
  let readRow: RowReader | null = names && table.columns(names)
  let row = 0
  try {
    for await (const cells of rowsOf(bytes, map.delimiter)) {
      row++
      if (names === null || readRow === null) {
        names = map.columns ?? cells
        readRow = table.columns(names)
        continue
      }
      checkWidth(cells, names)
      yield readRow(cells)
    }
  } catch (error) {
    throw failure('input', `row ${Math.max(row, 1)}: ${messageOf(error)}`, error)
  }
}

function rowsOf(bytes: Readable, delimiter: string): AsyncIterable<string[]> {
  const parser = parse({
    delimiter,
    bom: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: ROW_LETTERS,
  })
  bytes.on('error', (error) => parser.destroy(error))
  return bytes.pipe(parser)
}

/** Blanks at the end of a row, as C-MAPSS has them, are no columns. */
function checkWidth(cells: readonly string[], names: readonly string[]): void {
  const extra = cells.slice(names.length).findIndex((cell) => cell.trim() !== '')
  if (cells.length >= names.length && extra < 0) return
  throw failure('input', `${cells.length} cells, expected ${names.length}: ${names.join(', ')}`)
}
