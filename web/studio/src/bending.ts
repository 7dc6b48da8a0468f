// The network of "Watch it learn": every layer ends in a plane again, so that one can see what it made of it.

import type * as TensorFlow from "@tensorflow/tfjs";

export interface Example {
  x: number;
  y: number;
  color: 0 | 1;
}

/** What a layer made of the grid and of the examples, flat; `line` is a·x + b·y + c = 0 behind the last one. */
export interface Plane {
  grid: Float32Array;
  points: Float32Array;
  line: [number, number, number] | null;
}

export const GRID = 21;
export const SIDE = 60;
export const REACH = 1.2;
const COUNT = 120;

const turn = (from: number, to: number, share: number) => from + (to - from) * share;

export const DATA_SETS: Record<string, (share: number, color: 0 | 1) => [number, number]> = {
  circles: (share, color) => [(color ? 0.9 : 0.4) * Math.cos(2 * Math.PI * share), (color ? 0.9 : 0.4) * Math.sin(2 * Math.PI * share)],
  spirals: (share, color) => {
    const angle = turn(0.3, 1, share) * 3.2 * Math.PI + color * Math.PI;
    return [turn(0.1, 1, share) * Math.cos(angle), turn(0.1, 1, share) * Math.sin(angle)];
  },
  moons: (share, color) => (color ? [0.9 * Math.cos(Math.PI * share) - 0.25, 0.9 * Math.sin(Math.PI * share) - 0.3] : [0.25 - 0.9 * Math.cos(Math.PI * share), 0.3 - 0.9 * Math.sin(Math.PI * share)]),
  crosses: (share, color) => {
    const [x, y] = [((share * 1000) % 31) / 31 * 0.8 + 0.1, ((share * 1000) % 37) / 37 * 0.8 + 0.1];
    const left = (share * 100) % 1 < 0.5;
    return [left ? -x : x, (left ? -y : y) * (color ? 1 : -1)];
  },
};

export function pointsOf(name: string, noise: number): Example[] {
  const place = DATA_SETS[name]!;
  return Array.from({ length: 2 * COUNT }, (_, i) => {
    const color = (i % 2) as 0 | 1;
    const [x, y] = place(Math.floor(i / 2) / COUNT, color);
    return { x: x + noise * normal(), y: y + noise * normal(), color };
  });
}

const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

const lattice = (count: number, reach: number): [number, number][] =>
  Array.from({ length: count * count }, (_, i) => [turn(-reach, reach, (i % count) / (count - 1)), turn(-reach, reach, Math.floor(i / count) / (count - 1))]);

export class Bender {
  private constructor(private readonly tf: typeof TensorFlow) {}

  /** Such small networks are quickest without the graphics card. */
  static async ready(): Promise<Bender> {
    const tf = await import("@tensorflow/tfjs");
    await tf.setBackend("cpu");
    return new Bender(tf);
  }

  network(layers: number, units: number, learningRate: number): Bending {
    return new Bending(this.tf, layers, units, learningRate);
  }
}

export class Bending {
  steps = 0;
  private examples: Example[] = [];
  private readonly model: TensorFlow.LayersModel;
  private readonly views: TensorFlow.LayersModel;
  private readonly grid: TensorFlow.Tensor2D;
  private readonly pixels: TensorFlow.Tensor2D;
  private data: { x: TensorFlow.Tensor2D; y: TensorFlow.Tensor2D } | null = null;
  private disposed = false;

  constructor(private readonly tf: typeof TensorFlow, readonly depth: number, units: number, learningRate: number) {
    const input = tf.input({ shape: [2] });
    const planes: TensorFlow.SymbolicTensor[] = [];
    let plane = input;
    for (let layer = 0; layer < depth; layer++) {
      const folds = tf.layers.dense({ units, activation: "tanh" }).apply(plane);
      const moves = tf.layers.dense({ units: 2, kernelInitializer: tf.initializers.randomNormal({ stddev: 0.05 }) }).apply(folds);
      // What is added to the plane begins small: one sees the plane bend, rather than a new one.
      plane = tf.layers.add().apply([plane, moves as TensorFlow.SymbolicTensor]) as TensorFlow.SymbolicTensor;
      planes.push(plane);
    }
    const output = tf.layers.dense({ units: 1, activation: "sigmoid" }).apply(plane) as TensorFlow.SymbolicTensor;
    this.model = tf.model({ inputs: input, outputs: output });
    this.model.compile({ optimizer: tf.train.adam(learningRate), loss: "binaryCrossentropy" });
    this.views = tf.model({ inputs: input, outputs: [...planes, output] });
    this.grid = tf.tensor2d(lattice(GRID, REACH));
    this.pixels = tf.tensor2d(lattice(SIDE, REACH));
  }

  async learnFrom(examples: Example[]): Promise<void> {
    this.examples = examples;
    this.data?.x.dispose();
    this.data?.y.dispose();
    this.data = examples.length < 2 ? null : {
      x: this.tf.tensor2d(examples.map(({ x, y }) => [x, y])),
      y: this.tf.tensor2d(examples.map(({ color }) => [color])),
    };
  }

  async step(count: number): Promise<void> {
    for (let i = 0; i < count && this.data && !this.disposed; i++) {
      await this.model.trainOnBatch(this.data.x, this.data.y);
      this.steps++;
    }
  }

  /** What the network makes of the plane and of the examples now. */
  look(): { planes: Plane[]; examples: Example[]; says: Float32Array; loss: number | null; right: number } {
    const { tf, depth } = this;
    const read = (inputs: TensorFlow.Tensor2D) =>
      tf.tidy(() => (this.views.predict(inputs) as TensorFlow.Tensor[]).map((tensor) => tensor.dataSync() as Float32Array));
    const grid = read(this.grid);
    const points = this.data ? read(this.data.x) : Array.from({ length: depth + 1 }, () => new Float32Array());
    const says = tf.tidy(() => (this.model.predict(this.pixels) as TensorFlow.Tensor).dataSync() as Float32Array);
    const [kernel, bias] = this.model.layers.at(-1)!.getWeights().map((weight) => weight.dataSync());
    const line: [number, number, number] = [kernel![0]!, kernel![1]!, bias![0]!];
    const scores = points[depth]!;
    let [loss, right] = [0, 0];
    this.examples.forEach(({ color }, i) => {
      const share = Math.min(Math.max(color ? scores[i]! : 1 - scores[i]!, 1e-7), 1);
      loss -= Math.log(share) / this.examples.length;
      right += Number(share > 0.5) / this.examples.length;
    });
    const planes = Array.from({ length: depth }, (_, i) => ({ grid: grid[i]!, points: points[i]!, line: i === depth - 1 ? line : null }));
    return { planes, examples: this.examples, says, loss: this.data ? loss : null, right: this.data ? right : 0 };
  }

  dispose(): void {
    this.disposed = true;
    this.data?.x.dispose();
    this.data?.y.dispose();
    this.tf.dispose([this.grid, this.pixels]);
    this.model.dispose();
  }
}
