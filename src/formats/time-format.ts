/**
 * Times as recordings write them → epoch ms. Formats of their own, with zones and their summer times, are
 * Luxon's; the usual ones don't need it.
 */
import { DateTime, IANAZone, type TokenParser } from 'luxon'
import { failure } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { parseTime } from '../core/time.ts'

export interface TimeFormat {
  /** `iso`, `epoch-ms`, `epoch-s`, `any` (epoch ms or RFC 3339), or Luxon's tokens: `yyyy-MM-dd HH:mm:ss`. */
  readonly format: string
  /** Zone of times that name none: `UTC`, or of the IANA database. */
  readonly zone: string
}

/** @returns epoch ms, null when the text is no such time */
export type TimeReader = (text: string) => number | null

const PLAIN: Readonly<Record<string, TimeReader>> = {
  'epoch-ms': (text) => epoch(text, 1),
  'epoch-s': (text) => epoch(text, 1000),
  any: (text) => (/^-?[0-9]+$/.test(text) ? epoch(text, 1) : parseTime(text)),
}

function epoch(text: string, msPerUnit: number): number | null {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  return parseTime(Math.round(value * msPerUnit))
}

/**
 * @param key where the format stands, for messages
 * @throws Failure `config` when there is no such format or zone
 */
export function checkTimeFormat({ format, zone }: TimeFormat, key: string): void {
  if (zone.toUpperCase() !== 'UTC' && !IANAZone.isValidZone(zone)) {
    throw failure('config', `${key}.zone: no time zone "${zone}"; write UTC, or one such as Europe/Berlin`)
  }
  if (format === 'iso' || format in PLAIN) return
  // Every format that tells a day has a year in it; so a slip like epoch_ms doesn't pass for one.
  if (!/y|o|T|D|f/.test(format) || format.startsWith('epoch')) {
    const near = nearest(format, ['iso', 'epoch-ms', 'epoch-s'])
    const hint = near ? `did you mean ${near}?` : 'write iso, epoch-ms, epoch-s or tokens'
    throw failure('config', `${key}.format: no format "${format}"; ${hint} (as in yyyy-MM-dd HH:mm:ss)`)
  }
}

export function makeTimeReader({ format, zone }: TimeFormat): TimeReader {
  const plain = PLAIN[format]
  if (plain) return plain
  if (format === 'iso') return (text) => parseTime(text) ?? msOf(DateTime.fromISO(text.trim(), { zone }))
  const parser: TokenParser = DateTime.buildFormatParser(format, { locale: 'en-US' })
  return (text) => msOf(DateTime.fromFormatParser(text.trim(), parser, { zone, locale: 'en-US' }))
}

function msOf(time: DateTime): number | null {
  return time.isValid ? parseTime(time.toMillis()) : null
}
