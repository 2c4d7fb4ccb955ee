/**
 * Bytes that many texts share, such as a batch of the log. Who reads a text where it lies spares a view for each, and can
 * compare four bytes at a time.
 */
export interface Page {
  readonly bytes: Uint8Array
  /** Of the same bytes. */
  readonly view: DataView
}

/** A text on its page. */
export interface Span {
  readonly page: Page
  readonly start: number
  /** Behind the last byte. */
  readonly end: number
}

export function pageOf(bytes: Uint8Array): Page {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
}

/** A text that has its bytes to itself. */
export function wholeOf(bytes: Uint8Array): Span {
  return { page: pageOf(bytes), start: 0, end: bytes.length }
}

/** The bytes of a text alone; they are shared, not copied. */
export function bytesOf({ page, start, end }: Span): Uint8Array {
  const { buffer, byteOffset } = page.bytes
  // Made plainly, as `subarray` of a Buffer is a Buffer, which takes twice as long to make.
  return new Uint8Array(buffer, byteOffset + start, end - start)
}
