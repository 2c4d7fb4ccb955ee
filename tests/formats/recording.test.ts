import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readLabels } from '../../src/formats/labels.ts'
import { parseMap, type RecordingMap } from '../../src/formats/map.ts'
import { readMap, readRecording } from '../../src/formats/recording.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forewarn-recording-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

async function all(files: string[], map: RecordingMap | string | null = null) {
  const readings = []
  const how = typeof map === 'string' ? parseMap(map, 'map') : map
  for await (const reading of readRecording(files, how)) readings.push(reading)
  return readings
}

const MAP = 'asset: { file: true }\ntime: { column: t, format: epoch-s }\n'

describe('CSV', () => {
  test('rows become readings; empty cells were not measured', async () => {
    const path = await file('pump-1.csv', '\ufefft,a,"b ""x"""\r\n1,2.5,-1e3\r\n\r\n2,,NaN\r\n3,-0.00,0\r\n')
    expect(await all([path], MAP)).toEqual([
      { asset: 'pump-1', ts: 1000, values: { a: 2.5, 'b "x"': -1000 } },
      { asset: 'pump-1', ts: 2000, values: { a: null, 'b "x"': null } },
      { asset: 'pump-1', ts: 3000, values: { a: 0, 'b "x"': 0 } },
    ])
  })

  test('gzipped, also under another name; several files one after another', async () => {
    const packed = await file('fan-2.csv.gz', gzipSync('t,a\n1,1\n'))
    const other = await file('fan-3.csv', gzipSync('t,a\n0,2\n'))
    expect(await all([packed, other], MAP)).toEqual([
      { asset: 'fan-2', ts: 1000, values: { a: 1 } },
      { asset: 'fan-3', ts: 0, values: { a: 2 } },
    ])
  })

  test('without a header, with a step of time for each asset, and blanks at the end', async () => {
    const path = await file('runs.txt', '1 1 20.5 7  \n1 2 20.6 7  \n2 1 19.0 7  \n1 3 20.7 7  \n')
    const map = `
      delimiter: " "
      header: false
      columns: [unit, cycle, s1, s2]
      asset: unit
      time: { start: 0, step: 1h }
      channels: { temperature: s1 }`
    expect(await all([path], map)).toEqual([
      { asset: '1', ts: 0, values: { temperature: 20.5 } },
      { asset: '1', ts: 3_600_000, values: { temperature: 20.6 } },
      { asset: '2', ts: 0, values: { temperature: 19 } },
      { asset: '1', ts: 7_200_000, values: { temperature: 20.7 } },
    ])
  })

  test('all channels but the ignored ones, another delimiter, an asset by name', async () => {
    const path = await file('valve.csv', 'time;a;b;label\n2020-03-09 10:34:33;1;2;x\n')
    const map = `
      delimiter: ";"
      asset: { value: valve-1 }
      time: { column: time, format: "yyyy-MM-dd HH:mm:ss" }
      channels: all
      ignore: [label]`
    expect(await all([path], map)).toEqual([
      { asset: 'valve-1', ts: 1_583_750_073_000, values: { a: 1, b: 2 } },
    ])
  })

  test('a column that is ignored may be lacking', async () => {
    const path = await file('lacking.csv', 't,a\n1,2\n')
    expect(await all([path], `${MAP}ignore: [changepoint]`)).toEqual([
      { asset: 'lacking', ts: 1000, values: { a: 2 } },
    ])
  })

  test('columns given beside a header rename it', async () => {
    const path = await file('renamed.csv', 'x,y\n1,2\n')
    expect(await all([path], `${MAP}columns: [t, a]`)).toEqual([
      { asset: 'renamed', ts: 1000, values: { a: 2 } },
    ])
  })

  test('without a map: columns asset and ts, the rest are channels', async () => {
    const path = await file('plain.csv', 'asset,ts,a\npump-1,5,1\npump-2,1970-01-01T00:00:01Z,2\n')
    expect(await all([path])).toEqual([
      { asset: 'pump-1', ts: 5, values: { a: 1 } },
      { asset: 'pump-2', ts: 1000, values: { a: 2 } },
    ])
  })

  test.each([
    ['t,a\n1,2\n2,hot\n', '', 'row 3: a: "hot" is no number; ignore: [a] leaves the column out'],
    ['t,a\nx,2\n', '', 'row 2: t: "x" is no time of format epoch-s'],
    ['t,a\n1,2,3\n', '', 'row 2: 3 cells, expected 2: t, a'],
    ['t,a\n1\n', '', 'row 2: 1 cells, expected 2: t, a'],
    ['t,a,a\n1,2,3\n', '', 'row 1: two columns are named "a"'],
    ['x,a\n1,2\n', '', 'row 1: time.column: no column "t"; there are x, a'],
    ['t,label\n1,2\n', 'ignore: [labels]', 'row 1: ignore: no column "labels"; did you mean "label"?'],
    ['t,a\n1,2\n', 'channels: { c: b }', 'row 1: channels.c: no column "b"; there are t, a'],
    ['t,a\n1,"2\n', '', 'row 1: Quote Not Closed'],
  ])('%j is wrong: %s %s', async (text, more, message) => {
    const path = await file('bad.csv', text)
    await expect(all([path], MAP + more)).rejects.toThrow(`${path}, ${message}`)
  })

  test('an asset that is none, a file that is none', async () => {
    const path = await file('bad name.csv', 't,a\n1,2\n')
    await expect(all([path], MAP)).rejects.toThrow('row 2: asset "bad name" must match')
    await expect(all([join(folder, 'no.csv')], MAP)).rejects.toThrow(
      `no such file: ${join(folder, 'no.csv')}`,
    )
    await expect(readMap(join(folder, 'no.yaml'))).rejects.toThrow(`no such file: ${join(folder, 'no.yaml')}`)
  })
})

describe('JSON Lines', () => {
  test('lines are readings as MQTT carries them', async () => {
    const path = await file(
      'r.jsonl',
      '{"asset":"p","ts":1,"values":{"a":1}}\n\n{"asset":"q","ts":"1970-01-01T00:00:01Z","values":{"a":null},"site":"x"}',
    )
    expect(await all([path])).toEqual([
      { asset: 'p', ts: 1, values: { a: 1 } },
      { asset: 'q', ts: 1000, values: { a: null }, site: 'x' },
    ])
  })

  test('with a map, lines are flat objects', async () => {
    const path = await file('r2.jsonl', '{"t":1,"id":"p","a":1,"b":"2"}\n{"id":"q","t":2,"a":null}')
    const map = 'format: jsonl\nasset: id\ntime: { column: t, format: epoch-s }\n'
    expect(await all([path], map)).toEqual([
      { asset: 'p', ts: 1000, values: { a: 1, b: 2 } },
      { asset: 'q', ts: 2000, values: { a: null } },
    ])
  })

  test.each([
    ['{"asset":"p","ts":1,"values":{"a":1}}\n{"asset":"p"', 'line 2: '],
    ['{"asset":"p","values":{"a":1}}', 'line 1: /ts: expected epoch milliseconds'],
    ['{"ts":1,"values":{"a":1}}', 'line 1: /asset: expected text'],
    ['[1]', 'line 1: expected a reading (an object), found an array'],
  ])('%j is wrong: %s', async (text, message) => {
    const path = await file('bad.jsonl', text)
    await expect(all([path])).rejects.toThrow(`${path}, ${message}`)
  })
})

describe('labels', () => {
  test('onset and failure, or the failure alone', async () => {
    const path = await file(
      'labels.csv',
      'asset,from,to,kind\np,1000,1970-01-01T00:00:02Z,bearing\nq, 5 ,,leak\n',
    )
    expect(await readLabels(path)).toEqual([
      { asset: 'p', from: 1000, to: 2000, kind: 'bearing' },
      { asset: 'q', from: 5, to: null, kind: 'leak' },
    ])
  })

  test('in the format of the recording', async () => {
    const path = await file('labels2.csv', 'asset,from,to,kind\np,2024-01-01 00:00:00,,x\n')
    const time = { format: 'yyyy-MM-dd HH:mm:ss', zone: 'UTC' }
    expect(await readLabels(path, time)).toMatchObject([{ from: 1_704_067_200_000 }])
  })

  test.each([
    ['asset,from,kind\n', 'no column to; the first row must be asset,from,to,kind'],
    ['asset,from,to,kind\np,x,,k\n', 'row 2: from: "x" is no time'],
    ['asset,from,to,kind\np,1,x,k\n', 'row 2: to: "x" is no time; leave it empty if unknown'],
    ['asset,from,to,kind\np,5,1,k\n', 'row 2: to (1) is before from (5)'],
    ['asset,from,to,kind\np q,5,1,k\n', 'row 2: asset "p q" must match'],
  ])('%j is wrong: %s', async (text, message) => {
    await expect(readLabels(await file('bad-labels.csv', text))).rejects.toThrow(message)
  })
})
