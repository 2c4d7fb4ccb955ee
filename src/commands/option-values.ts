/** Values of options on the command line: text → number, duration, counts, or a message that says what is expected. */
import { InvalidArgumentError } from 'commander'
import { MACHINE_CLASSES } from '../../simulators/fleet.ts'
import { messageOf } from '../core/errors.ts'
import { durationMs } from '../core/units.ts'

export function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('expected a number from 0')
  }
  return value
}

export function integer(text: string): number {
  const value = number(text)
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('expected a whole number')
  return value
}

export function folds(text: string): number {
  const value = integer(text)
  if (value !== 0 && (value < 3 || value > 20)) throw new InvalidArgumentError('expected 0, or 3 to 20')
  return value
}

export function netCount(text: string): number {
  const value = integer(text)
  if (value < 1 || value > 20) throw new InvalidArgumentError('expected 1 to 20')
  return value
}

export function brokerCount(text: string): number {
  if (text !== '1' && text !== '3') throw new InvalidArgumentError('expected 1 or 3')
  return Number(text)
}

export function speed(text: string): number {
  if (text === 'max') return Number.POSITIVE_INFINITY
  const value = number(text)
  if (value === 0) throw new InvalidArgumentError('expected more than 0, or max')
  return value
}

export function duration(text: string): number {
  try {
    return durationMs(text)
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error))
  }
}

export function fleetCounts(text: string): Partial<Record<keyof typeof MACHINE_CLASSES, number>> {
  const known = Object.keys(MACHINE_CLASSES)
  const counts = text.split(',').map((part) => part.split('='))
  for (const [name = '', count = ''] of counts) {
    if (!known.includes(name) || !/^[0-9]+$/.test(count)) {
      throw new InvalidArgumentError(`expected counts such as ${known.map((name) => `${name}=10`).join(',')}`)
    }
  }
  return Object.fromEntries(counts.map(([name, count]) => [name, Number(count)]))
}
