/** A record of the log that stays on the page that it was read with: its value becomes a view when somebody asks for it. */
import { bytesOf, type Page, type Span, wholeOf } from './page.ts'
import type { Headers, LogRecord } from './ports.ts'

/** A class for its getter: a property of its own would be made for each record. */
export class PagedRecord implements LogRecord, Span {
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly headers: Headers
  readonly page: Page
  /** -1: there is no value. */
  readonly start: number
  readonly end: number

  constructor(
    offset: number,
    timestamp: number,
    key: string | null,
    headers: Headers,
    page: Page,
    start: number,
    end: number,
  ) {
    this.offset = offset
    this.timestamp = timestamp
    this.key = key
    this.headers = headers
    this.page = page
    this.start = start
    this.end = end
  }

  get value(): Uint8Array | null {
    return this.start < 0 ? null : bytesOf(this)
  }
}

const NOTHING = wholeOf(new Uint8Array(0))

/** The value of a record where it lies; a record without one has an empty text. */
export function spanOf(record: LogRecord): Span {
  if (record instanceof PagedRecord) return record.start < 0 ? NOTHING : record
  return record.value === null ? NOTHING : wholeOf(record.value)
}
