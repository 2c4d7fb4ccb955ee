/** The config of a run as its processes read it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '../config/settings.ts'
import type { PlantContext } from './plant.ts'
import { configFile } from './program.ts'

/** Writes the file (JSON is YAML) and the folder for logs. @returns the settings that it makes */
export function writeConfig(
  { dir, settingsOf }: Pick<PlantContext, 'dir' | 'settingsOf'>,
  config: Readonly<Record<string, unknown>>,
): Settings {
  mkdirSync(join(dir, 'logs'), { recursive: true })
  const file = configFile(dir)
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`)
  return settingsOf(file)
}
