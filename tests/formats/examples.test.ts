/** The maps that the documentation shows, on the excerpt that ships and on the whole recordings where they are. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inTimeOrder } from '../../src/formats/order.ts'
import { readMap, readRecording } from '../../src/formats/recording.ts'
import type { RecordedReading } from '../../src/formats/rows.ts'
import { requires } from '../support/requires.ts'

const EXAMPLES = fileURLToPath(new URL('../../docs/examples', import.meta.url))

async function read(map: string, files: string[]): Promise<RecordedReading[]> {
  return inTimeOrder(readRecording(files, await readMap(join(EXAMPLES, map))))
}

const counts = (readings: readonly RecordedReading[]) => {
  const rows = new Map<string, number>()
  for (const { asset } of readings) rows.set(asset, (rows.get(asset) ?? 0) + 1)
  return rows
}

const channels = (readings: readonly RecordedReading[]) => Object.keys(readings[0]?.values ?? {})

test('the C-MAPSS engines that ship', async () => {
  const readings = await read('cmapss.map.yaml', [join(EXAMPLES, 'data/cmapss-fd001-engines-1-4.txt')])
  expect(counts(readings)).toEqual(
    new Map([
      ['1', 192],
      ['2', 287],
      ['3', 179],
      ['4', 189],
    ]),
  )
  expect(readings.slice(0, 5).map(({ asset, ts }) => [asset, ts - readings[0]!.ts])).toEqual([
    ['1', 0],
    ['2', 0],
    ['3', 0],
    ['4', 0],
    ['1', 3_600_000],
  ])
  expect(channels(readings)).toHaveLength(17)
  expect(readings[0]?.values).toMatchObject({ T24: 641.82, Nc: 9046.19, W32: 23.419 })
})

test('the machine temperature that ships', async () => {
  const readings = await read('nab-machine-temperature.map.yaml', [
    join(EXAMPLES, 'data/nab-machine-temperature-2013-12.csv'),
  ])
  expect(readings).toHaveLength(4929)
  expect(readings[0]).toEqual({
    asset: 'machine-1',
    ts: Date.parse('2013-12-02T21:15:00Z'),
    values: { temperature: 73.96732207 },
  })
})

const table = requires('shared-data', 'ai4i2020-dev8000.csv.gz')
test.skipIf(table.missing)('the table of AI4I: a machine a row, all at once', async () => {
  const readings = await read('ai4i.map.yaml', [table.path])
  expect(readings).toHaveLength(8000)
  expect(counts(readings).size).toBe(8000)
  expect(new Set(readings.map(({ ts }) => ts)).size).toBe(1)
  expect(readings[0]?.values).toEqual({
    airTemperature: 298.1,
    processTemperature: 308.6,
    speed: 1551,
    torque: 42.8,
    wear: 0,
  })
})

describe.each([
  {
    archive: 'cmapss-FD001-FD002.tar.gz',
    map: 'cmapss.map.yaml',
    files: ['train_FD001.txt'],
    rows: 20_631,
    assets: 100,
    width: 17,
  },
  {
    archive: 'skab-valve1.tar.gz',
    map: 'skab-valve1.map.yaml',
    files: ['valve1', 'anomaly-free'],
    rows: 27_565,
    assets: 17,
    width: 8,
  },
  {
    archive: 'nab-dev.tar.gz',
    map: 'nab-machine-temperature.map.yaml',
    files: ['data/realKnownCause/machine_temperature_system_failure.csv'],
    rows: 22_695,
    assets: 1,
    width: 1,
  },
])('all of $archive', ({ archive, map, files, rows, assets, width }) => {
  const data = requires('shared-data', archive)
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forewarn-data-'))
    if (data.missing === null) execFileSync('tar', ['xzf', data.path, '-C', folder])
  })
  afterAll(() => rm(folder, { recursive: true }))

  test.skipIf(data.missing)('is read to the last row', async () => {
    const paths = await Promise.all(
      files.map(async (file) =>
        file.includes('.')
          ? [join(folder, file)]
          : (await readdir(join(folder, file))).map((name) => join(folder, file, name)),
      ),
    )
    const readings = await read(map, paths.flat())
    expect(readings).toHaveLength(rows)
    expect(counts(readings).size).toBe(assets)
    expect(channels(readings)).toHaveLength(width)
    expect(readings.every(({ values }) => Object.values(values).every((value) => value !== null))).toBe(true)
  })
})
