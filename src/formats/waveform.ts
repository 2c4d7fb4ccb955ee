/** Samples of a waveform as JSON carries them: numbers, or base64 of little-endian float32 (`f32`). */
import type { Reading } from '../core/records.ts'

export type JsonWaveform = NonNullable<Reading['waveforms']>[string]

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const FLOAT_BYTES = 4

/**
 * @param waveform passed the schema of readings already
 * @returns null when its samples can be read; else where and what is wrong, to be put behind its path
 */
export function waveformFault({ samples, f32 }: JsonWaveform): string | null {
  if ((samples === undefined) === (f32 === undefined)) return ': expected either samples or f32'
  if (f32 === undefined) return null
  if (!BASE64.test(f32) || f32.length % 4 !== 0) return '/f32: expected base64'
  const bytes = Buffer.from(f32, 'base64')
  if (bytes.length % FLOAT_BYTES !== 0) {
    return `/f32: expected base64 of float32, ${FLOAT_BYTES} bytes each; found ${bytes.length} bytes`
  }
  for (let at = 0; at < bytes.length; at += FLOAT_BYTES) {
    if (!Number.isFinite(bytes.readFloatLE(at))) return `/f32: sample ${at / FLOAT_BYTES} is not finite`
  }
  return null
}
