/**
 * What a manifest says about the way from raw features to the net's inputs: a short list of named steps, in the
 * order in which they are taken. `inputs.ts` takes them, in training and serving alike (law 6).
 *
 * Columns are the features in the manifest's order, then what `derive` adds; attributes stand behind all of them
 * and are touched by `one-hot` alone. NaN = no value; every step passes it on, until `impute`.
 */
import Type, { type Static } from 'typebox'

const strict = { additionalProperties: false }
const Numbers = Type.Array(Type.Number(), { minItems: 1 })

/** Two features as one more: what physics says of them, such as a power or a difference of temperatures. */
const Derived = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    left: Type.String(),
    by: Type.Enum(['*', '/', '+', '-']),
    right: Type.String(),
  },
  strict,
)
export type Derived = Static<typeof Derived>

const Derive = Type.Object(
  { step: Type.Literal('derive'), features: Type.Array(Derived, { minItems: 1 }) },
  { ...strict, description: 'Adds columns computed from two features each' },
)

const Winsorise = Type.Object(
  { step: Type.Literal('winsorise'), low: Numbers, high: Numbers },
  { ...strict, description: 'Holds each column within quantiles of the data that taught' },
)

const Scale = Type.Object(
  { step: Type.Literal('scale'), mean: Numbers, std: Numbers },
  { ...strict, description: '(x - mean) / std' },
)

const YeoJohnson = Type.Object(
  { step: Type.Literal('yeo-johnson'), lambda: Type.Array(Type.Union([Type.Number(), Type.Null()])) },
  { ...strict, description: 'Yeo-Johnson transform of skewed columns; null: the column is left as it is' },
)

const Clip = Type.Object(
  { step: Type.Literal('clip'), limit: Type.Number({ exclusiveMinimum: 0 }) },
  {
    ...strict,
    description: "Holds columns within ±limit: an absurd value can't turn a net's sums into infinities",
  },
)

const Impute = Type.Object(
  { step: Type.Literal('impute'), value: Type.Number() },
  { ...strict, description: 'Stands for a missing value; behind `scale`, 0 is the mean' },
)

const Limits = Type.Object(
  { step: Type.Literal('limits'), above: Type.Array(Type.Array(Type.Number())) },
  { ...strict, description: 'Adds one column per limit of a column: 1 where the value is above it, else 0' },
)

const OneHot = Type.Object(
  {
    step: Type.Literal('one-hot'),
    categories: Type.Array(
      Type.Object({ feature: Type.String(), values: Type.Array(Type.String(), { minItems: 1 }) }, strict),
      { minItems: 1 },
    ),
  },
  { ...strict, description: 'A column per value of each attribute, 1 where it is the one; unknown: all 0' },
)

export const InputStep = Type.Union([Derive, Winsorise, Scale, YeoJohnson, Clip, Impute, Limits, OneHot])
export type InputStep = Static<typeof InputStep>
