/** State of every kind of window through bytes: restored it does what the one that wrote it does (law 7). */
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { expect, test } from 'vitest'
import { makePartition, type Partition, takeReading } from '../../src/core/partition.ts'
import { decodeState, encodeState, type Snapshot } from '../../src/core/state.ts'
import type { WindowRule } from '../../src/core/window.ts'
import { moves, play } from '../support/moves.ts'
import { pipelineRules, ROOMY } from '../support/pipeline-rules.ts'
import { fieldsOf } from '../support/reading-fields.ts'

const T = 1_700_000_000_000
const packr = new Packr({ moreTypes: true, useRecords: false, largeBigIntToFloat: true })

const KINDS: readonly (readonly [string, WindowRule])[] = [
  ['a time', { sizeMs: 9000, hopMs: 4000, latenessMs: 6000, idleMs: 15_000 }],
  ['a count', { count: 5, hop: 2, latenessMs: 6000, idleMs: 20_000 }],
  ['a session', { gapMs: 3000, maxMs: 60_000, latenessMs: 6000, idleMs: 15_000 }],
]

function recordsOf({ records }: Snapshot): Map<string, Uint8Array> {
  return new Map(records.flatMap(({ key, value }) => (value ? [[key, value] as const] : [])))
}

function restored(from: Partition, to = from.pipelines, definition = 'd') {
  const partition = makePartition(to, ROOMY)
  const outcome = decodeState(partition, recordsOf(encodeState(from, 7, ['d'], 0)), [definition])
  return { partition, outcome }
}

test.each(KINDS)('windows of %s: a restore has no effect', (_, window) => {
  fc.assert(
    fc.property(moves, moves, (before, after) => {
      const first = makePartition([pipelineRules({ window })], ROOMY)
      before.forEach((move, offset) => {
        play(first, move, offset)
      })
      const { partition: second } = restored(first)
      after.forEach((move, offset) => {
        expect(play(second, move, offset)).toEqual(play(first, move, offset))
      })
      expect(encodeState(second, 0, ['d'], 0)).toEqual(encodeState(first, 0, ['d'], 0))
    }),
    { numRuns: 60 },
  )
})

interface Pooled {
  readonly version: number
  readonly assets?: readonly {
    readonly windows: readonly { readonly moments: number }[]
    readonly recent: number
    readonly normal: number
    readonly alerts: readonly object[]
  }[]
  readonly numbers?: Float64Array
  readonly normals?: Float64Array
}

const without = (given: object, ...names: string[]) =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !names.includes(name)))

/** As version 2 of the state wrote it: arrays in their places. */
function versionTwo(records: Map<string, Uint8Array>): Map<string, Uint8Array> {
  const older = [...records].map(([key, value]) => {
    const { assets, numbers, normals, ...head }: Pooled = packr.unpack(value)
    if (!assets || !numbers || !normals) return [key, packr.pack({ ...head, version: 2 })] as const
    let [at, normalsAt] = [0, 0]
    const take = (count: number) => {
      at += count
      return numbers.slice(at - count, at)
    }
    const takeNormal = (count: number) => {
      normalsAt += count
      return normals.slice(normalsAt - count, normalsAt)
    }
    const plain = assets.map((asset) => ({
      ...asset,
      windows: asset.windows.map((window) => ({ ...window, moments: take(window.moments) })),
      recent: take(asset.recent),
      normal: takeNormal(asset.normal),
    }))
    return [key, packr.pack({ version: 2, assets: plain })] as const
  })
  return new Map(older)
}

/** As version 1 of the state wrote it: windows without end and origin, alerts without raisedAt. */
function versionOne(records: Map<string, Uint8Array>): Map<string, Uint8Array> {
  type Old = { readonly windows: readonly object[]; readonly alerts: readonly object[] }
  return new Map(
    [...versionTwo(records)].map(([key, value]) => {
      const stored = packr.unpack(value) as { version: number; assets?: Old[] }
      const assets = stored.assets?.map((asset) => ({
        ...asset,
        windows: asset.windows.map((window) => without(window, 'end', 'origin')),
        alerts: asset.alerts.map((slot) => without(slot, 'raisedAt')),
      }))
      return [key, packr.pack({ ...stored, version: 1, ...(assets && { assets }) })]
    }),
  )
}

test.each([
  [1, versionOne],
  [2, versionTwo],
] as const)('bytes of version %i are read, and go on as they would have', (_, older) => {
  const [[, window]] = KINDS as [(typeof KINDS)[number]]
  fc.assert(
    fc.property(moves, moves, (before, after) => {
      const first = makePartition([pipelineRules({ window })], ROOMY)
      before.forEach((move, offset) => {
        play(first, move, offset)
      })
      const second = makePartition(first.pipelines, ROOMY)
      decodeState(second, older(recordsOf(encodeState(first, 7, ['d'], 0))), ['d'])
      after.forEach((move, offset) => {
        expect(play(second, move, offset)).toEqual(play(first, move, offset))
      })
    }),
    { numRuns: 60 },
  )
})

test.each(KINDS)('a definition changed to windows of %s begins no window half empty', (_, window) => {
  const [, other] = KINDS.find(([, rule]) => rule !== window)!
  const first = makePartition([pipelineRules({ window: other })], ROOMY)
  for (const ts of [T, T + 1000]) takeReading(first, fieldsOf({ ts, values: { a: 1 } }), 0, [])
  const { partition, outcome } = restored(first, [pipelineRules({ window })], 'other')
  expect(outcome?.changed).toMatchObject([{ assets: 1 }])
  const [state] = partition.assets.get('pump-1')!
  expect(state!.windows).toEqual([])
  for (let ts = T + 2000; ts < T + 40_000; ts += 1000) {
    takeReading(partition, fieldsOf({ ts, values: { a: ts } }), 0, [])
    for (const open of state!.windows) expect(open.start).toBeGreaterThan(T + 1000)
  }
  expect(state!.windows.length).toBeGreaterThan(0)
})
