/** Settings → pipelines ready to run: model folders loaded and checked, the backend brought up when one needs it. */
import type { Settings } from '../config/settings.ts'
import { type EnginePipeline, makePipeline } from '../engine/pipeline.ts'
import { type Backend, loadBackend } from '../model/backend.ts'
import { type ServedModel, serveModel } from '../model/serving.ts'
import type { ModelFigure } from '../observe/sources.ts'

export interface LoadedPipelines {
  readonly pipelines: readonly EnginePipeline[]
  /** Null when no pipeline has a model. */
  readonly backend: Backend | null
  /** One per pipeline with a model, for `model_info`. */
  readonly models: readonly ModelFigure[]
  /** Tensors alive now. */
  tensors(): number
  dispose(): void
}

/** A model tried in the place of what the settings name. */
export interface TriedModel {
  /** Name of the pipeline. */
  readonly pipeline: string
  /** The folder of all models that it is in. */
  readonly dir: string
  /** NAME@VERSION */
  readonly model: string
}

/** @throws failure 'model' when a folder is damaged or does not fit its pipeline */
export async function loadPipelines(settings: Settings, tried?: TriedModel): Promise<LoadedPipelines> {
  const wanted = settings.pipelines.map(({ name, model }) =>
    name === tried?.pipeline ? tried : model === null ? null : { dir: settings.models.dir, model },
  )
  const backend = wanted.some((model) => model !== null) ? await loadBackend() : null
  const served: (ServedModel | null)[] = []
  for (const model of wanted) {
    served.push(model !== null && backend ? await serveModel(backend, model.dir, model.model) : null)
  }
  const pipelines = settings.pipelines.map((pipeline, i) =>
    makePipeline(pipeline, settings.assets, settings.limits, served[i] ?? null),
  )
  const models = pipelines.flatMap(({ rules, model }) =>
    model && backend
      ? [{ pipeline: rules.name, model: model.name, version: model.version, backend: backend.name }]
      : [],
  )
  return {
    pipelines,
    backend,
    models,
    tensors: () => backend?.tf.memory().numTensors ?? 0,
    dispose() {
      for (const model of served) model?.scorer.dispose()
    },
  }
}
