/** The config of a run as its processes read it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '../config/settings.ts'
import type { PlantContext } from './plant.ts'
import { configFile } from './program.ts'

/** The folder for logs, which must be there before the first process. */
export function prepareFolder(dir: string): void {
  mkdirSync(join(dir, 'logs'), { recursive: true })
}

/** Writes the file (JSON is YAML). @returns the settings that it makes */
export function writeConfig(
  { dir, settingsOf }: Pick<PlantContext, 'dir' | 'settingsOf'>,
  config: Readonly<Record<string, unknown>>,
): Settings {
  prepareFolder(dir)
  const file = configFile(dir)
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`)
  return settingsOf(file)
}
