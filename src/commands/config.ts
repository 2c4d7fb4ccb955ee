/** `config print|check|schema`: what is set, whether it is right, and the schema for editors. */
import { loadPipelines } from '../app/pipelines.ts'
import { type Loaded, loadConfig, printConfig } from '../config/load.ts'
import { ConfigFile } from '../config/schema.ts'
import { SHIPPED_MODELS } from './version.ts'

export interface ConfigOptions {
  readonly config?: string
}

/** The config as a command's options and the environment give it. */
export function configOf(options: ConfigOptions, flags: Readonly<Record<string, unknown>> = {}): Loaded {
  return loadConfig({ file: options.config, env: process.env, flags, modelsDir: SHIPPED_MODELS })
}

/** `--kafka HOST:PORT,…` chooses the adapter and its brokers. */
export function kafkaFlags(brokers: string | undefined): Record<string, unknown> {
  return brokers === undefined ? {} : { 'log.adapter': 'kafka', 'log.kafka.brokers': brokers }
}

export function printSettings(options: ConfigOptions): void {
  console.log(printConfig(configOf(options)))
}

/** Checks models against their pipelines too, which means loading them. */
export async function checkSettings(options: ConfigOptions): Promise<void> {
  const { file, settings } = configOf(options)
  const { models, dispose } = await loadPipelines(settings)
  dispose()
  console.log(
    `${file ?? 'defaults'}: ${settings.pipelines.length} pipelines, ${models.length} models: all right`,
  )
}

export function printSchema(): void {
  console.log(JSON.stringify(ConfigFile, null, 2))
}
