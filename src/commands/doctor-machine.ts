/** What `doctor` asks of the machine: Node, the packages, and the tools that bring the native library. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Finding } from './doctor.ts'

/** Node versions that the program was tried on (docs/decisions/0002). */
const LEAST_NODE = 20
const TRIED_NODES = [20, 22, 24]
const ANSWER_LIMIT_MS = 10_000

/** @param version such as `20.20.2` */
export function checkNode(version: string): Finding {
  const major = Number(version.split('.')[0])
  const found = `${version} (${process.platform}-${process.arch})`
  const check = 'Node'
  if (major < LEAST_NODE) return { check, verdict: 'bad', found, todo: `install Node ${LEAST_NODE} or newer` }
  if (TRIED_NODES.includes(major)) return { check, verdict: 'good', found, todo: '' }
  return { check, verdict: 'note', found, todo: `tried on Node ${TRIED_NODES.join(', ')}; others may do` }
}

/** Each dependency of package.json is there, in the version that it names. */
export function checkPackages(packageDir: string): Finding {
  const check = 'packages'
  const wanted = Object.entries(dependenciesOf(join(packageDir, 'package.json')))
  const wrong = wanted.filter(([name, version]) => installedVersion(packageDir, name) !== version)
  if (wrong.length === 0) return { check, verdict: 'good', found: `${wanted.length} in place`, todo: '' }
  const found = wrong.map(([name, version]) => `${name} is not ${version}`).join(', ')
  return { check, verdict: 'bad', found, todo: 'npm ci' }
}

export async function checkCompiler(isNative: boolean): Promise<Finding> {
  const found = await firstAnswer([['g++'], ['c++'], ['clang++']], ['--version'])
  return toolFinding('C++ compiler', found, isNative, 'apt-get install g++')
}

export async function checkPip(isNative: boolean): Promise<Finding> {
  const pip = ['-m', 'pip']
  const found = await firstAnswer(
    [
      ['python3', ...pip],
      ['python', ...pip],
    ],
    ['--version'],
  )
  return toolFinding('pip', found, isNative, 'apt-get install python3-pip')
}

/** The tools are needed once, to bring the native library by the wheel. Exported for its test. */
export function toolFinding(check: string, found: string | null, isNative: boolean, remedy: string): Finding {
  if (found !== null) return { check, verdict: 'good', found, todo: '' }
  const todo = isNative ? 'only needed to bring the native library anew' : `install it (Debian: ${remedy})`
  return { check, verdict: 'note', found: 'none', todo }
}

function dependenciesOf(packageJson: string): Record<string, string> {
  const { dependencies = {} } = JSON.parse(readFileSync(packageJson, 'utf8')) as {
    dependencies?: Record<string, string>
  }
  return dependencies
}

/** As Node looks: in the nearest node_modules that has it, upwards. */
function installedVersion(from: string, name: string): string | null {
  const file = join(from, 'node_modules', name, 'package.json')
  if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  return dirname(from) === from ? null : installedVersion(dirname(from), name)
}

/** First line of what the first of these programs says that answers at all. */
async function firstAnswer(commands: readonly string[][], args: readonly string[]): Promise<string | null> {
  for (const [program = '', ...before] of commands) {
    const line = await firstLine(program, [...before, ...args])
    if (line !== null) return line
  }
  return null
}

function firstLine(program: string, args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: ANSWER_LIMIT_MS }, (error, stdout) => {
      resolve(error === null ? (stdout.split('\n', 1)[0] ?? '') : null)
    })
  })
}
