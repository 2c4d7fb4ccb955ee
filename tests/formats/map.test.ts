import { describe, expect, test } from 'vitest'
import { parseMap } from '../../src/formats/map.ts'
import { makeTimeReader } from '../../src/formats/time-format.ts'

const GOOD = 'asset: machine\ntime: { column: datetime }\n'

test('what is left out has its default', () => {
  expect(parseMap(GOOD, 'm.yaml')).toEqual({
    format: 'csv',
    delimiter: ',',
    header: true,
    columns: null,
    place: { asset: { column: 'machine' }, time: { column: 'datetime', format: 'iso', zone: 'UTC' } },
    channels: 'all',
    ignore: [],
    label: null,
  })
})

test('everything can be said', () => {
  const map = parseMap(
    `format: csv
delimiter: " "
header: false
columns: [unit, cycle, s1, 7]
asset: unit
time: { start: "2024-01-01T00:00:00Z", step: 1h }
channels: { temperature: s1 }
ignore: [cycle]`,
    'm.yaml',
  )
  expect(map).toMatchObject({
    delimiter: ' ',
    header: false,
    columns: ['unit', 'cycle', 's1', '7'],
    place: { asset: { column: 'unit' }, time: { startMs: 1_704_067_200_000, stepMs: 3_600_000 } },
    ignore: ['cycle'],
  })
  expect(map.channels).toEqual(new Map([['temperature', 's1']]))
})

test('JSON Lines without asset and time are readings', () => {
  expect(parseMap('format: jsonl', 'm.yaml').place).toBeNull()
  expect(parseMap(`format: jsonl\n${GOOD}`, 'm.yaml').place).not.toBeNull()
})

test.each([
  [`${GOOD}chanels: all`, 'm.yaml: chanels: no such key; did you mean channels?'],
  [`${GOOD}xyzzy: 1`, 'm.yaml: xyzzy: no such key; known here: format, delimiter,'],
  ['asset: a\ntime: { colum: x }', 'm.yaml: time.colum: no such key; did you mean column?'],
  ['asset: a', 'm.yaml: time: expected {column: COL'],
  ['time: { column: x }', 'm.yaml: asset: expected a column, {value: TEXT} or {file: true}, found nothing'],
  ['asset: { file: false }\ntime: { column: x }', 'm.yaml: asset: expected a column'],
  ['asset: { value: a, file: true }\ntime: { column: x }', 'm.yaml: asset: expected a column'],
  ['asset: a\ntime: { column: x, start: "2024-01-01T00:00:00Z" }', 'm.yaml: time: expected'],
  ['asset: a\ntime: { start: yesterday, step: 1s }', 'm.yaml: time.start: expected RFC 3339 text'],
  ['asset: a\ntime: { start: 0 }', 'm.yaml: time.step: expected text, found nothing'],
  ['asset: a\ntime: { start: 0, step: fast }', 'm.yaml: fast is no duration'],
  ['asset: a\ntime: { column: x, format: epoch_ms }', 'no format "epoch_ms"; did you mean epoch-ms?'],
  ['asset: a\ntime: { column: x, format: HH:mm }', 'no format "HH:mm"; write iso'],
  ['asset: a\ntime: { column: x, zone: Mars/Base }', 'time.zone: no time zone "Mars/Base"; write UTC'],
  [`${GOOD}format: xml`, 'm.yaml: format: expected csv or jsonl, found "xml"'],
  [`${GOOD}header: maybe`, 'm.yaml: header: expected true or false, found "maybe"'],
  [`${GOOD}header: false`, 'm.yaml: columns: header is false, so the columns must be named here'],
  [`${GOOD}columns: a`, 'm.yaml: columns: expected a list of names, found "a"'],
  [`${GOOD}channels: some`, 'm.yaml: channels: expected all, or {NAME: COL, …}, found "some"'],
  [`${GOOD}channels: {}`, 'm.yaml: channels: expected at least one channel'],
  [`${GOOD}channels: { t: [1] }`, 'm.yaml: channels.t: expected text, found [1]'],
  ['- a', 'm.yaml: map: expected a section with format, delimiter'],
  ['a: [', 'm.yaml: no YAML'],
])('%s is wrong: %s', (text, message) => {
  expect(() => parseMap(text, 'm.yaml')).toThrow(message)
})

describe('times', () => {
  test.each([
    ['iso', 'UTC', '2024-01-01T00:00:00+01:00', 1_704_063_600_000],
    ['iso', 'UTC', '2024-01-01 00:00:00', null],
    ['iso', 'UTC', '2024-01-01T00:00:00', 1_704_067_200_000],
    ['iso', 'Europe/Berlin', '2024-01-01T00:00:00', 1_704_063_600_000],
    ['iso', 'UTC', '2024-02-30T00:00:00', null],
    ['epoch-ms', 'UTC', '1704067200000', 1_704_067_200_000],
    ['epoch-s', 'UTC', '1704067200.25', 1_704_067_200_250],
    ['epoch-s', 'UTC', '', null],
    ['epoch-s', 'UTC', 'now', null],
    ['any', 'UTC', '1704067200000', 1_704_067_200_000],
    ['any', 'UTC', '2024-01-01T00:00:00Z', 1_704_067_200_000],
    ['yyyy-MM-dd HH:mm:ss', 'UTC', '2024-01-01 00:00:00', 1_704_067_200_000],
    ['yyyy-MM-dd HH:mm:ss', 'UTC', ' 2024-01-01 00:00:00 ', 1_704_067_200_000],
    ['yyyy-MM-dd HH:mm:ss', 'UTC', '2024-01-01', null],
    ['yyyy-MM-dd HH:mm:ss', 'Europe/Berlin', '2024-07-01 00:00:00', 1_719_784_800_000],
    ['yyyy.MM.dd.HH.mm.ss', 'UTC', '2003.10.22.12.06.24', 1_066_824_384_000],
    ['d-MMM-yy HH:mm', 'UTC', '1-Jan-24 06:30', 1_704_090_600_000],
  ])('%s in %s: "%s"', (format, zone, text, ms) => {
    expect(makeTimeReader({ format, zone })(text)).toBe(ms)
  })
})
