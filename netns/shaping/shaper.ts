import type { PacketCounts } from './packet-queues.ts'
import type { Shape } from './shape.ts'
import type { ShapingPoint } from './shaping-point.ts'

/** Makes links of one network worse than they are; every implementation behaves as `shaper-suite.ts` claims. */
export interface Shaper extends AsyncDisposable {
  readonly name: 'netem' | 'queue'
  /**
   * Makes the packets of a point fare as a shape says, in place of what was said of it before; undefined = as if nothing
   * had ever been. One call at a time.
   * @throws Error that names the point and what the machine refused; the point is then untouched.
   */
  shape(point: ShapingPoint, shape: Shape | undefined): Promise<void>
  /** What rules and queues of a point have counted since it was shaped; undefined where nobody counts. */
  counted(point: ShapingPoint): PacketCounts | undefined
  /** Lets the chance of a point begin anew, after packets that nobody wants to count. */
  restart(point: ShapingPoint): Promise<void>
}
