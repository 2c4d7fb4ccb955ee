/** Programs that the set-up runs: their output is kept, and they are stopped when they take too long. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { endOf, npmErrorOf, onPath, run } from '../../bin/setup/run.mjs'

const node = process.execPath

test('output and status are kept', async () => {
  const outcome = await run(node, ['-e', 'console.log("out"); console.error("err"); process.exit(3)'])
  expect(outcome).toMatchObject({ ok: false, status: 3, stdout: 'out\n' })
  expect(outcome.output).toContain('err')
})

test('a program that is not there is a failure with its name', async () => {
  const outcome = await run('forewarn-no-such-program', [])
  expect(outcome.ok).toBe(false)
  expect(outcome.output).toContain('forewarn-no-such-program')
})

test('one that takes longer than it may is stopped, with what it started', async () => {
  // The grandchild holds the output open: only the death of the whole group ends this test.
  const script = 'require("child_process").spawn("sleep", ["60"], { stdio: "inherit" })'
  const outcome = await run(node, ['-e', script], { limitMs: 1_500 })
  expect(outcome.ok).toBe(false)
  expect(outcome.output).toContain('stopped: not done after 1.5 s')
})

test('one that is stuck is stopped with the reason', async () => {
  const outcome = await run(node, ['-e', 'setInterval(() => {}, 1000)'], { isStuck: () => 'nothing came' })
  expect(outcome.output).toContain('stopped: nothing came')
})

test('a message carries the end of an output, and of npm’s its beginning', () => {
  const many = Array.from({ length: 50 }, (_, line) => `line ${line}`).join('\n\n')
  expect(endOf(many).split('\n')).toHaveLength(12)
  expect(endOf(many)).toMatch(/line 49$/)
  const said = 'npm warn old\nnpm error code E404\nnpm error\nnpm error 404 Not Found'
  expect(npmErrorOf(said)).toBe('code E404\n404 Not Found')
  expect(npmErrorOf('spawn npm ENOENT')).toBe('spawn npm ENOENT')
})

test('programs are found on the PATH if they can be executed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-path-'))
  writeFileSync(join(folder, 'yes'), '', { mode: 0o755 })
  writeFileSync(join(folder, 'no'), '', { mode: 0o644 })
  const env = { PATH: `/nowhere:${folder}` }
  expect(onPath('yes', env)).toBe(join(folder, 'yes'))
  expect(onPath('no', env)).toBeNull()
  expect(onPath('absent', env)).toBeNull()
  rmSync(folder, { recursive: true })
})
