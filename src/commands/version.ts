/** The program's version and folder: package.json is the one place that says it. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of the package, from dist/ as from the sources. */
export const PACKAGE_DIR = findPackage(dirname(fileURLToPath(import.meta.url)))

export const VERSION = (
  JSON.parse(readFileSync(join(PACKAGE_DIR, 'package.json'), 'utf8')) as { version: string }
).version

/** Models that come with the program. */
export const SHIPPED_MODELS = join(PACKAGE_DIR, 'models')

function findPackage(dir: string): string {
  return existsSync(join(dir, 'package.json')) ? dir : findPackage(dirname(dir))
}
