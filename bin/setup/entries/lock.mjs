// @ts-check
/** bin/lock: completes package-lock.json after a change of the dependencies. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { completed, missingOptionals } from '../lock-file.mjs'
import { ROOT } from '../places.mjs'
import { say } from '../progress.mjs'

export default function lock() {
  const path = join(ROOT, 'package-lock.json')
  const file = JSON.parse(readFileSync(path, 'utf8'))
  const missing = missingOptionals(file.packages)
  if (missing.length > 0) {
    writeFileSync(path, `${JSON.stringify({ ...file, packages: completed(file.packages) }, null, 2)}\n`)
  }
  say(`package-lock.json: ${missing.length} optional packages of other platforms added`)
}
