/** What `dead-letters` shows: rows, counts, and the bytes of one letter as people can read them. */
import { isUtf8 } from 'node:buffer'
import { type DeadLetter, placeText } from '../core/dead-letter-view.ts'
import { readable } from './tail.ts'

/** Letters of a detail in a row of the table; JSON and `show` have all of it. */
const ROW_DETAIL = 80
/** Bytes of a payload that `show` prints. */
const SHOWN_BYTES = 4096
const HEX_WIDTH = 16

/** @param replayed it was sent again */
export function rowOf(letter: DeadLetter, replayed: boolean): string {
  const { reason, key, source, receivedAt, detail } = letter
  const cells = [
    placeText(letter).padEnd(10),
    new Date(receivedAt).toISOString(),
    `${reason}${replayed ? ' (sent again)' : ''}`.padEnd(12),
    (key ?? '-').padEnd(16),
    source.padEnd(5),
    detail.length > ROW_DETAIL ? `${detail.slice(0, ROW_DETAIL)}…` : detail,
  ]
  return cells.join('  ')
}

/** One line of JSON; the value as base64 where it isn't JSON, as in `tail`. */
export function jsonOf(letter: DeadLetter, replayed: boolean): string {
  const { value, ...rest } = letter
  return JSON.stringify({ ...rest, replayed, bytes: value.length, value: readable(value) })
}

export function countsText(counts: ReadonlyMap<string, number>): string {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const parts = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([reason, count]) => `${reason} ${count}`)
  return `${total} dead letters${total === 0 ? '' : `: ${parts.join(', ')}`}`
}

/** @param today what a replay would do with it now */
export function letterText(letter: DeadLetter, replayed: boolean, today: string): string {
  const { sourceTopic, sourcePartition, sourceOffset, value } = letter
  const from = sourcePartition === null ? sourceTopic : `${sourceTopic} ${sourcePartition}:${sourceOffset}`
  const lines = [
    ['letter', placeText(letter)],
    ['reason', letter.reason],
    ['detail', letter.detail],
    ['asset', letter.key ?? 'not known'],
    ['from', `${letter.source} ${from}${letter.index === null ? '' : `, element ${letter.index}`}`],
    ['received', new Date(letter.receivedAt).toISOString()],
    ['attempts', letter.attempts === 0 ? 'none' : `${letter.attempts}, last as ${letter.replayedFrom}`],
    ['replay', replayed ? 'it was sent again already' : today],
    ['payload', `${value.length} bytes${letter.truncated ? ', the first of a larger one' : ''}`],
  ]
  return `${lines.map(([name = '', text]) => `${name.padEnd(9)} ${text}`).join('\n')}\n\n${payloadText(value)}`
}

/** JSON set out in lines, other text as it is, everything else as a hex dump. */
export function payloadText(value: Uint8Array): string {
  const shown = value.subarray(0, SHOWN_BYTES)
  const more = value.length > SHOWN_BYTES ? `\n… and ${value.length - SHOWN_BYTES} bytes more` : ''
  if (!isUtf8(value)) return hexDump(shown) + more
  const text = Buffer.from(value).toString()
  try {
    const pretty = JSON.stringify(JSON.parse(text), null, 2)
    return pretty.length > SHOWN_BYTES ? `${pretty.slice(0, SHOWN_BYTES)}\n…` : pretty
  } catch {
    // No JSON, which may be what is wrong with it: shown as the text that it is, without its control characters.
    return (
      Buffer.from(shown)
        .toString()
        .replace(/[^\P{Cc}\n\t]/gu, '·') + more
    )
  }
}

function hexDump(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += HEX_WIDTH) {
    const row = Buffer.from(bytes.subarray(at, at + HEX_WIDTH))
    const hex = row
      .toString('hex')
      .replace(/(..)/g, '$1 ')
      .padEnd(HEX_WIDTH * 3)
    const text = row.toString('latin1').replace(/[^\x20-\x7e]/g, '·')
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex} ${text}`)
  }
  return lines.join('\n')
}
