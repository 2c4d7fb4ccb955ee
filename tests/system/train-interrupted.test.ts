/** Ctrl-C on the real program while it trains: the best net so far is a model that serves, and the status says 130. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INTERRUPTED } from '../../src/commands/interrupt.ts'
import { loadBackend } from '../../src/model/backend.ts'
import { serveModel } from '../../src/model/serving.ts'
import { startProgram } from '../support/program.ts'
import { requires } from '../support/requires.ts'

describe.skipIf(requires('native').missing)('Ctrl-C while training', () => {
  let dir = ''
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'forewarn-interrupted-'))
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  /** Starts a training of a small fleet, and sends SIGINT when the line is said. */
  async function interrupted(output: string, when: RegExp) {
    const fleet = ['--simulate', 'pump=12', '--duration', '60m', '--interval', '2s']
    const program = startProgram(['train', ...fleet, '--output', output])
    let sent = false
    program.child.stderr!.on('data', () => {
      if (sent || !when.test(program.output())) return
      sent = true
      program.child.kill('SIGINT')
    })
    const status = await program.ended
    expect(sent).toBe(true)
    return { status, said: program.output() }
  }

  test('after an epoch keeps the best net until then, which serves', async () => {
    const output = join(dir, 'models')
    const { status, said } = await interrupted(output, /epoch 2 of/)
    expect(said).toContain('stopping; the best net so far is kept (again: at once)')
    expect(said).toContain('stopped by hand: the model is the best net until then')
    expect(status).toBe(INTERRUPTED)
    const model = await serveModel(await loadBackend(), output, 'pump-health')
    const { training, results } = model.manifest
    expect(training).toMatchObject({ interrupted: true, nets: 1, folds: null })
    // Not all epochs were made, and no fleet was simulated to judge a net that nobody waited for.
    const [{ kept, loss }] = training.history as [NonNullable<typeof training.history>[number]]
    expect(kept).toBe(training.epochs)
    expect(loss.length).toBeGreaterThanOrEqual(2)
    expect(loss.length).toBeLessThan(40)
    expect(results).toEqual([])
    const vector = new Float64Array(model.manifest.features.names.length)
    expect(model.scorer.score(vector, 1)[0]).toBeLessThanOrEqual(1)
    model.scorer.dispose()
    expect(await readFile(join(output, 'pump-health/1.0.0/README.md'), 'utf8')).toContain('Stopped by hand')
  })
})
