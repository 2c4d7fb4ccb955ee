/** Keys of a pipeline that say by what its windows are scored: a model, or what each asset learns of itself. */
import Type from 'typebox'

export const LEARNING = {
  model: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "NAME or NAME@VERSION of a folder under models.dir; none: the asset's own normal is learned",
    }),
  ),
  learn: Type.Union(
    [Type.Integer({ minimum: 20 }), Type.String({ pattern: '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$' })],
    {
      description:
        "Without a model: how long an asset's quiet windows are learned before it is judged, in windows or as a duration; at least 20 windows. It should span the machine's load cycles",
      default: '2h',
    },
  ),
  follow: Type.Boolean({ default: true, description: 'Without a model: go on learning after that' }),
}
