/** One progress for all fits of a course of training, whoever begins them. */
import type { Watch } from './fit.ts'
import type { Listener } from './recipe.ts'

/** Epochs of all fits to come, as one progress. */
export function watchOf(listener: Listener, epochs: number, fits: number): (what: string) => Watch {
  let done = 0
  let begun = 0
  return (what) => ({
    onEpoch({ epoch, of, loss }) {
      if (epoch === 1) done = begun++ * epochs
      const line = `${what}: epoch ${epoch} of at most ${of}, loss ${loss.toFixed(5)}`
      listener.progress(done + epoch, fits * epochs, line)
    },
    stopped: () => listener.stopped(),
  })
}
