/**
 * JSON Lines → readings: each line a reading as MQTT carries it (design 4.3), or a record of the log as `tail` prints
 * it; with a map, a flat object.
 */
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { parse } from 'secure-json-parse'
import { failure, messageOf } from '../core/errors.ts'
import { readingOfRecord, recordOfLine } from './log-line.ts'
import type { RecordingMap } from './map.ts'
import { makeReadingCheck } from './reading.ts'
import { makeTable, type RecordedReading, type RowReader } from './rows.ts'

/** Longest line. */
const LINE_LETTERS = 16 * 1024 * 1024
/** Most channels of a reading in a file. */
const CHANNELS = 1024

/**
 * @param bytes of the file, unpacked
 * @param file its name without folder and extension
 * @param passedOver told of each record of a log that carries no reading
 * @throws Failure `input` that names the line, the place and what would be right
 */
export async function* readJsonl(
  bytes: Readable,
  map: RecordingMap,
  file: string,
  passedOver: () => void = () => undefined,
): AsyncGenerator<RecordedReading> {
  const readLine = map.place === null ? makeReadingReader() : makeRowReader(map, file)
  let number = 0
  try {
    for await (const line of linesOf(bytes)) {
      number++
      const reading = line.trim() === '' ? undefined : readLine(parse(line))
      if (reading) yield reading
      else if (reading === null) passedOver()
    }
  } catch (error) {
    throw failure('input', `line ${Math.max(number, 1)}: ${messageOf(error)}`, error)
  }
}

/** The reader gives null for a record of a log that carries no reading. */
function makeReadingReader(): (value: unknown) => RecordedReading | null {
  const check = makeReadingCheck(CHANNELS)
  return (line) => {
    const record = recordOfLine(line)
    const value = record ? readingOfRecord(record) : line
    if (record && value === null) return null
    const checked = check(value, { asset: null, receivedAt: null })
    if ('reason' in checked) throw failure('input', checked.detail)
    return { ...checked.reading, values: checked.reading.values ?? {} }
  }
}

/** Lines need not have the same keys. */
function makeRowReader(map: RecordingMap, file: string): (value: unknown) => RecordedReading {
  const table = makeTable(map, file)
  let names: readonly string[] = []
  let readRow: RowReader | null = null
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw failure('input', 'expected an object')
    }
    const keys = Object.keys(value)
    if (readRow === null || keys.length !== names.length || keys.some((key, i) => key !== names[i])) {
      names = keys
      readRow = table.columns(keys)
    }
    return readRow(Object.values(value))
  }
}

async function* linesOf(bytes: Readable): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of bytes) {
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > LINE_LETTERS) throw failure('input', `a line of more than ${LINE_LETTERS} letters`)
    yield* lines
  }
  yield rest + decoder.end()
}
