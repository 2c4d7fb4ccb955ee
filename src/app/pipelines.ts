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

/** @throws failure 'model' when a folder is damaged or does not fit its pipeline */
export async function loadPipelines(settings: Settings): Promise<LoadedPipelines> {
  const backend = settings.pipelines.some(({ model }) => model !== null) ? await loadBackend() : null
  const served: (ServedModel | null)[] = []
  for (const { model } of settings.pipelines) {
    served.push(model !== null && backend ? await serveModel(backend, settings.models.dir, model) : null)
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
