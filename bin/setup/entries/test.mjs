// @ts-check
/** bin/test: brings up what is missing, then style, types and tests, and ends with the figures on a line of their own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bringUp, interruptible, orSayWhy, tellNative } from '../bring.mjs'
import { closingLine, figuresOf } from '../figures.mjs'
import { readJson } from '../packages.mjs'
import { packageFolder, ROOT } from '../places.mjs'
import { say, step } from '../progress.mjs'
import { run } from '../run.mjs'
import { isTrouble, trouble } from '../trouble.mjs'

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
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const style = ['check', '--error-on-warnings', '.']
  const types = ['-p', 'tsconfig.json', '--noEmit']
  try {
    const wrong = [
      await check('style', tool('@biomejs/biome', 'bin/biome'), style),
      await check('types', tool('typescript', 'bin/tsc'), types),
      await check('tests', tool('vitest', 'vitest.mjs'), ['run', ...reporters, ...args]),
    ].filter((name) => name !== null)
    const figures = figuresOf(readJson(report))
    process.exitCode = wrong.length === 0 && figures.failed === 0 ? 0 : 1
    if (wrong.length > 0) say(`not in order: ${wrong.join(', ')} (see above)`)
    process.stdout.write(`${closingLine(figures)}\n`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/**
 * @param {string} name
 * @param {string} script
 * @param {readonly string[]} args
 * @returns {Promise<string | null>} its name when something is not in order
 */
async function check(name, script, args) {
  const work = async () => {
    const outcome = await run(process.execPath, [script, ...args], { cwd: ROOT, show: true })
    if (!outcome.ok) throw trouble(`${name} is not in order`, '')
  }
  try {
    await step(name, work, null)
    return null
  } catch (error) {
    if (isTrouble(error)) return name
    throw error
  }
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
