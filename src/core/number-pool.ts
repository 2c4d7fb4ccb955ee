/**
 * The numbers of all assets in a chunk of state as two arrays, in the order in which they are put and taken. An array for each window,
 * ring and normal of each asset was most of what a snapshot and a restore of many assets cost, and of the memory behind it.
 */
import type { OpenWindow } from './open-window.ts'
import { copyPairs, type Recent } from './recent.ts'

export interface NumberPool {
  /** What comes and goes: moments of windows, recent readings. */
  readonly numbers: Float64Array
  /** What stays as long as its asset: apart, so that after a restore it does not hold on to the rest. */
  readonly normals: Float64Array
  /** Next number of each. */
  at: number
  normalsAt: number
}

/** What a state brings to a pool. */
interface Holder {
  readonly windows: readonly Pick<OpenWindow, 'moments'>[]
  readonly recent: Recent
  readonly normal: { readonly cells: Float64Array }
}

/** A pool with room for these states. */
export function makePool(states: readonly Holder[]): NumberPool {
  let [numbers, normals] = [0, 0]
  for (const { windows, recent, normal } of states) {
    for (const { moments } of windows) numbers += moments.length
    numbers += 2 * recent.length
    normals += normal.cells.length
  }
  return poolOf(new Float64Array(numbers), new Float64Array(normals))
}

export function poolOf(numbers: Float64Array, normals: Float64Array): NumberPool {
  return { numbers, normals, at: 0, normalsAt: 0 }
}

/** @returns how many numbers */
export function putNumbers(pool: NumberPool, numbers: Float64Array): number {
  pool.numbers.set(numbers, pool.at)
  pool.at += numbers.length
  return numbers.length
}

export function putRecent(pool: NumberPool, recent: Recent): number {
  copyPairs(recent, pool.numbers, pool.at)
  pool.at += 2 * recent.length
  return 2 * recent.length
}

export function putNormal(pool: NumberPool, cells: Float64Array): number {
  pool.normals.set(cells, pool.normalsAt)
  pool.normalsAt += cells.length
  return cells.length
}

/** The next so many numbers, in place. */
export function takeNumbers(pool: NumberPool, count: number): Float64Array {
  pool.at += count
  return pool.numbers.subarray(pool.at - count, pool.at)
}

export function takeNormal(pool: NumberPool, count: number): Float64Array {
  pool.normalsAt += count
  return pool.normals.subarray(pool.normalsAt - count, pool.normalsAt)
}
