/** A table as it comes: columns, a label, categories by asset, what physics says beside them; trained, served, scored. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createRandom } from '../../simulators/random.ts'
import { score } from '../../src/commands/score.ts'
import { train } from '../../src/commands/train.ts'
import { parseManifest } from '../../src/model/manifest.ts'
import { requires } from '../support/requires.ts'

const CONFIG = [
  'assets:',
  '  - { match: "A*", attributes: { grade: a } }',
  '  - { match: "B*", attributes: { grade: b } }',
  'pipelines:',
  '  - name: mill',
  '    model: mill@1.0.0',
  '    window: { count: 1 }',
  '    derived: { power: torque.mean * speed.mean }',
]
const MAP =
  'asset: id\ntime: { start: 2020-01-01T00:00:00Z, step: 1s }\nlabel: failed\nchannels: { torque: T, speed: S }\n'

/** Fails where the power is above 60, of grade b above 40; torque and speed alone say little. */
function rows(count: number, seed: number) {
  const random = createRandom(seed, 'table')
  return Array.from({ length: count }, (_, i) => {
    const grade = random.uniform() < 0.5 ? 'A' : 'B'
    const [torque, speed] = [random.between(1, 10), random.between(1, 10)]
    const failed = torque * speed > (grade === 'A' ? 60 : 40)
    return { id: `${grade}${seed}-${i}`, torque, speed, failed }
  })
}

const csv = (table: ReturnType<typeof rows>) =>
  [
    'id,T,S,failed',
    ...table.map(({ id, torque, speed, failed }) => [id, torque, speed, Number(failed)].join()),
  ].join('\n')

describe.skipIf(requires('native').missing)('a table', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('is learned row by row, and other rows are told apart by what was learned', async () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    vi.spyOn(console, 'error').mockReturnValue()
    vi.spyOn(console, 'log').mockReturnValue()
    const dir = await mkdtemp(join(tmpdir(), 'forewarn-table-'))
    const file = (name: string) => join(dir, name)
    const [known, other] = [rows(600, 1), rows(300, 2)]
    await writeFile(file('known.csv'), csv(known))
    await writeFile(file('other.csv'), csv(other))
    await writeFile(file('map.yaml'), MAP)
    await writeFile(file('config.yaml'), [...CONFIG, `models: { dir: ${dir} }`].join('\n'))
    const from = { config: file('config.yaml'), map: file('map.yaml') }
    await train({
      ...{ kind: 'failure', input: [file('known.csv')], output: dir, seed: 1, folds: 3, ...from },
      ...{ duration: 0, interval: 0 },
    })
    const path = join(dir, 'mill', '1.0.0', 'manifest.json')
    const manifest = parseManifest(await readFile(path, 'utf8'), path)
    expect(manifest.features.names).toEqual(['torque.mean', 'speed.mean', 'attributes.grade'])
    expect(manifest.steps.map(({ step }) => step)).toEqual(
      expect.arrayContaining(['derive', 'winsorise', 'scale', 'clip', 'impute', 'limits', 'one-hot']),
    )
    expect(manifest.training).toMatchObject({ rows: 600, nets: 3, folds: { count: 3 }, interrupted: false })
    expect(manifest.training.folds!.f1.mean).toBeGreaterThan(0.85)

    await score({ input: [file('other.csv')], output: file('scores.jsonl'), ...from })
    const scores = (await readFile(file('scores.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter((line) => !('specversion' in line))
    const scored = new Map(scores.map((line) => [line.asset, line.score]))
    expect(scored.size).toBe(300)
    const right = other.filter(({ id, failed }) => scored.get(id) > 0.5 === failed).length
    expect(right / other.length).toBeGreaterThan(0.93)
  })
})
