// @ts-check
/** bin/test: brings up what is missing, then style, types and tests, and ends with the figures on a line of their own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bringUp, interruptible, orSayWhy, tellNative } from '../bring.mjs'
import { closingLine, figuresOf } from '../figures.mjs'
import { readJson } from '../packages.mjs'
import { packageFolder, ROOT } from '../places.mjs'
import { step } from '../progress.mjs'
import { run } from '../run.mjs'

/** @param {readonly string[]} args for vitest */
export default async function test(args) {
  await orSayWhy(async () => {
    tellNative(await bringUp({ dev: true, native: true }))
    await interruptible(() => runAll(args))
  })
}

/**
 * Runs all three even when the first fails: one run says everything that is wrong.
 * @param {readonly string[]} args
 */
async function runAll(args) {
  const scratch = mkdtempSync(join(tmpdir(), 'forewarn-test-'))
  const report = join(scratch, 'report.json')
  try {
    const style = await check('style (biome)', tool('@biomejs/biome', 'bin/biome'), [
      'check',
      '--error-on-warnings',
      '.',
    ])
    const types = await check('types (tsc)', tool('typescript', 'bin/tsc'), [
      '-p',
      'tsconfig.json',
      '--noEmit',
    ])
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const tests = await check('tests (vitest)', tool('vitest', 'vitest.mjs'), ['run', ...reporters, ...args])
    const figures = figuresOf(readJson(report))
    const isGood = style && types && tests && figures.failed === 0
    process.exitCode = isGood ? 0 : 1
    const said = [style || 'style', types || 'types', tests || 'tests'].filter((name) => name !== true)
    process.stdout.write(said.length === 0 ? '\n' : `\nNot in order: ${said.join(', ')} (see above).\n`)
    process.stdout.write(`${closingLine(figures)}\n`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/**
 * @param {string} name
 * @param {string} script
 * @param {readonly string[]} args
 */
async function check(name, script, args) {
  const outcome = await step(name, () => run(process.execPath, [script, ...args], { cwd: ROOT, show: true }))
  return outcome.ok
}

/**
 * @param {string} name
 * @param {string} script
 */
function tool(name, script) {
  const folder = packageFolder(name)
  if (folder === null)
    throw new Error(`the package ${name} is not there, though the packages were brought up`)
  return join(folder, script)
}
