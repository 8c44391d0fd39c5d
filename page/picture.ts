import type { ClassMap } from '../src/contract/images.js'
import type { Input } from '../src/contract/models.js'
import { drawMap, regionSeen } from './attention.js'
import { part } from './dom.js'

/** The picture of a card, and over it the map of where the network looked. */
export class Picture {
  private readonly image: HTMLImageElement
  private readonly canvas: HTMLCanvasElement
  private readonly address: string

  /** `root` holds the markup; what the browser cannot show is said there in words. */
  constructor (private readonly root: HTMLElement, file: File) {
    this.image = part(root, 'image', HTMLImageElement)
    this.canvas = part(root, 'map', HTMLCanvasElement)
    this.address = URL.createObjectURL(file)
    this.image.addEventListener('error', () => {
      this.image.hidden = true
      part(root, 'no-image', HTMLElement).hidden = false
    })
    this.image.alt = file.name
    this.image.src = this.address
  }

  /** Lays the map over the part of the picture that the network saw; true if that is the whole picture. */
  showMap (map: ClassMap, input: Input): boolean {
    const { naturalWidth, naturalHeight } = this.image
    const isShown = naturalWidth > 0
    const region = isShown ? regionSeen({ width: naturalWidth, height: naturalHeight }, input) : { left: 0, top: 0, width: 1, height: 1 }
    for (const [side, share] of Object.entries(region)) this.canvas.style.setProperty(side, `${share * 100}%`)
    drawMap(this.canvas, map)
    this.canvas.hidden = false
    this.root.dataset.mapped = 'true'
    return region.width === 1 && region.height === 1
  }

  hideMap (): void {
    this.canvas.hidden = true
    delete this.root.dataset.mapped
  }

  /** Lets go of the picture's memory. */
  forget (): void {
    URL.revokeObjectURL(this.address)
  }
}
