// @ts-check
/**
 * Fetches TensorFlow's wheel with pip, from whatever index the user's pip is set to, and checks its hash. Any Python
 * will do: the wheel's own tags are named, since it is only unpacked and never imported.
 */
import { readdirSync, statSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { megabytes, step } from '../progress.mjs'
import { endOf, onPath, run } from '../run.mjs'
import { trouble } from '../trouble.mjs'

const WHEEL = {
  requirement: 'tensorflow-cpu==2.15.1',
  tags: { 'python-version': '3.11', implementation: 'cp', abi: 'cp311' },
  platforms: ['manylinux_2_17_x86_64', 'manylinux2014_x86_64'],
  sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
  bytes: 207_208_420,
}
const LIMIT_MS = 20 * 60_000
/** pip retries for minutes where the network swallows packets: no byte for this long, and it is given up. */
const SILENCE_MS = 30_000
/** pip's own words about a connection are long. */
const MESSAGE_CHARACTERS = 200
const CONNECTION =
  /(?:Failed to establish a new connection|Read timed out|certificate verify failed)[^'")\n]*/g
/** Interpreters to ask for pip, the usual first. */
const PYTHONS = ['python3', 'python', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3.9']

/** unpack_wheel.py speaks Python 3. */
const HAS_PIP = 'import sys, pip; sys.exit(sys.version_info < (3, 6))'

/** @param {NodeJS.ProcessEnv} env */
export function pythonsFound(env) {
  return PYTHONS.flatMap((name) => onPath(name, env) ?? [])
}

/** @param {NodeJS.ProcessEnv} env */
export async function pythonWithPip(env) {
  const pythons = pythonsFound(env)
  for (const python of pythons) {
    const outcome = await run(python, ['-c', HAS_PIP], { limitMs: SILENCE_MS })
    if (outcome.ok) return python
  }
  const found = pythons.length === 0 ? 'no Python' : `no pip in ${pythons.join(', ')}`
  throw trouble(found, 'install Python with pip (Debian: apt-get install python3-pip)')
}

/**
 * @param {string} python one that has pip
 * @param {string} folder for the wheel and everything that pip leaves on the way
 * @returns {Promise<string>} path of the wheel
 */
export async function downloadWheel(python, folder) {
  await mkdir(folder, { recursive: true })
  const wanted = join(folder, 'requirements.txt')
  await writeFile(wanted, `${WHEEL.requirement} --hash=sha256:${WHEEL.sha256}\n`)
  const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--require-hashes', '-r', wanted]
  for (const [tag, value] of Object.entries(WHEEL.tags)) args.push(`--${tag}`, value)
  for (const platform of WHEEL.platforms) args.push('--platform', platform)
  args.push('--disable-pip-version-check', '--no-input', '--no-cache-dir', '-d', folder)
  const env = { PIP_PROGRESS_BAR: 'off', PIP_RETRIES: '2', ...process.env, TMPDIR: folder }
  const far = () => `${Math.floor(bytesIn(folder) / 1e6)} of ${megabytes(WHEEL.bytes)}`
  return step(
    `native TensorFlow: pip download ${WHEEL.requirement}`,
    async () => {
      const isStuck = silenceOf(() => bytesIn(folder), SILENCE_MS)
      const outcome = await run(python, args, { env, limitMs: LIMIT_MS, isStuck })
      const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'))
      if (outcome.ok && wheel !== undefined) return join(folder, wheel)
      throw trouble(
        `pip could not fetch ${WHEEL.requirement}: ${pipErrorOf(outcome.output)}`,
        'check that pip reaches a Python package index (pip config list; HTTPS_PROXY), or set PIP_INDEX_URL to one',
      )
    },
    far,
  )
}

/**
 * A watch that tells when a figure has not grown for a while.
 * @param {() => number} figure
 * @param {number} limitMs
 * @param {() => number} nowMs
 * @returns {() => string | null} asked now and then: why it is stuck, or null
 */
export function silenceOf(figure, limitMs, nowMs = () => performance.now()) {
  let last = { figure: figure(), atMs: nowMs() }
  return () => {
    const now = { figure: figure(), atMs: nowMs() }
    if (now.figure > last.figure) last = now
    return now.atMs - last.atMs > limitMs ? `nothing came for ${limitMs / 1000} s` : null
  }
}

/**
 * pip's last line says that it found no package; that it could not connect, which is why, stands further up.
 * @param {string} output
 */
export function pipErrorOf(output) {
  const lines = endOf(output).split('\n')
  const cause =
    lines.findLast((line) => /^stopped/.test(line)) ??
    output.match(CONNECTION)?.at(-1) ??
    lines.findLast((line) => /error/i.test(line)) ??
    lines.at(-1) ??
    'it said nothing'
  return cause.slice(0, MESSAGE_CHARACTERS)
}

/** @param {string} folder */
function bytesIn(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const sizes = names.map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
  return sizes.reduce((sum, size) => sum + size, 0)
}
