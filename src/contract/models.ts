import { Type, type TObject, type TSchema, type TString } from '../base/typebox.js'
import type { TypeOf } from './type-of.js'

/** What a reply says about the model that gave it. */
export const ModelDescription = Type.Object({
  name: Type.String(),
  version: Type.String(),
  backend: Type.Enum(['cpu', 'gpu']),
  precision: Type.Enum(['float32', 'bfloat16', 'int8'])
}, { additionalProperties: false })
export type ModelDescription = TypeOf<typeof ModelDescription>

const OneOrEach = Type.Union([Type.Number(), Type.Array(Type.Number())], { description: 'One number for all channels, or one a channel.' })

/** How pictures become the network's input, and why: a setting, what the model itself says, or a default. */
export const Input = Type.Object({
  size: choice(Type.Integer({ description: 'Height in pixels, and width, unless that is stated.' })),
  width: Type.Optional(Type.Integer({ description: 'The width in pixels of an input that is not square.' })),
  channels: Type.Enum([1, 3], { description: '3 is RGB, 1 is grey.' }),
  fit: choice(Type.Enum(['crop', 'fill'], { description: 'The middle is cut out, or the whole is squeezed.' })),
  cropFraction: Type.Number({ description: 'Share of the shorter side that crop keeps.' }),
  kernel: choice(Type.Enum(['nearest', 'bilinear', 'linear', 'cubic', 'lanczos3'], { description: 'How pictures are resized.' })),
  pixels: Type.Optional(Type.Literal('float32', { description: 'What resizing makes; bytes where it is left out.' })),
  rescaling: choice(Type.Object({
    scale: OneOrEach,
    offset: OneOrEach,
    order: Type.Optional(Type.Literal('bgr', { description: 'Blue is the first channel; RGB where it is left out.' }))
  }, { description: 'What becomes of pixels from 0 to 255: pixel * scale + offset.' }))
})
export type Input = TypeOf<typeof Input>

/** The model that serves, as GET / tells of it. */
export const ServedModel = Type.Object({ ...ModelDescription.properties, classes: Type.Integer(), input: Input })
export type ServedModel = TypeOf<typeof ServedModel>

export const ReloadReply = Type.Object({ model: ModelDescription })
export type ReloadReply = TypeOf<typeof ReloadReply>

const name = Type.String({ examples: ['xception-cifar10'], description: 'The model\'s name, as in the replies of POST /classify.' })
const version = Type.String({ examples: ['1'], description: 'Its version, as there.' })

/** The model that an address names, and one version of it. */
export const ModelParams = Type.Object({ name })
export const VersionParams = Type.Object({ name, version })
/** The model that an address names, and one version of it or any. */
export type ModelAddress = TypeOf<typeof ModelParams> & Partial<TypeOf<typeof VersionParams>>

function choice<S extends TSchema> (value: S): TObject<{ value: S, from: TString }> {
  return Type.Object({ value, from: Type.String() })
}
