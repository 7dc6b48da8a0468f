// The four networks in TensorFlow.js. node tensorflowjs_worker.js NETWORK PRECISION; BACKEND is "wasm" or "cpu".
// It answers lines of JSON as bench/protocol.py says.

const fs = require("fs");
const readline = require("readline");
const tf = require("@tensorflow/tfjs");
require("@tensorflow/tfjs-backend-wasm");

const { layers } = tf;
const SLOW = 2000; // milliseconds
const [network] = process.argv.slice(2);

function dense() {
  return tf.sequential({
    layers: [
      layers.dense({ units: 512, activation: "relu", inputShape: [784] }),
      layers.dense({ units: 256, activation: "relu" }),
      layers.dense({ units: 10, activation: "softmax" }),
    ],
  });
}

function cnn() {
  return tf.sequential({
    layers: [
      layers.conv2d({ filters: 32, kernelSize: 3, activation: "relu", inputShape: [28, 28, 1] }),
      layers.conv2d({ filters: 32, kernelSize: 3, activation: "relu" }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 64, kernelSize: 3, activation: "relu" }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 512, activation: "relu" }),
      layers.dense({ units: 10, activation: "softmax" }),
    ],
  });
}

function unet() {
  const widths = [64, 128, 256, 512, 1024];
  const convolution = (filters) => layers.conv2d({ filters, kernelSize: 3, padding: "same", activation: "relu" });
  const double = (x, filters) => convolution(filters).apply(convolution(filters).apply(x));

  const picture = tf.input({ shape: [128, 128, 1] });
  const skips = [];
  let x = picture;
  for (const width of widths.slice(0, -1)) {
    x = double(x, width);
    skips.push(x);
    x = layers.maxPooling2d({ poolSize: 2 }).apply(x);
  }
  x = double(x, widths.at(-1));
  for (const width of widths.slice(0, -1).reverse()) {
    x = layers.conv2dTranspose({ filters: width, kernelSize: 2, strides: 2 }).apply(x);
    x = layers.concatenate().apply([skips.pop(), x]);
    x = double(x, width);
  }
  const output = layers.conv2d({ filters: 1, kernelSize: 1, activation: "sigmoid" }).apply(x);
  return tf.model({ inputs: picture, outputs: output });
}

function lstm() {
  // Its default recurrentInitializer, orthogonal, takes minutes of this size, and no step of the training.
  const usual = { units: 512, recurrentActivation: "sigmoid", recurrentInitializer: "glorotUniform" };
  return tf.sequential({
    layers: [
      layers.lstm({ ...usual, returnSequences: true, inputShape: [40, 64] }),
      layers.lstm(usual),
      layers.dense({ units: 64, activation: "softmax" }),
    ],
  });
}

const networks = {
  dense: { build: dense, loss: "categoricalCrossentropy", batchSize: 128 },
  cnn: { build: cnn, loss: "categoricalCrossentropy", batchSize: 128 },
  unet: { build: unet, loss: "binaryCrossentropy", batchSize: 2 },
  lstm: { build: lstm, loss: "categoricalCrossentropy", batchSize: 128 },
};
const { build, loss, batchSize } = networks[network];

const made = {};

function model() {
  if (!made.model) {
    made.model = build();
    made.model.compile({ optimizer: tf.train.adam(0.001), loss });
  }
  return made.model;
}

// Data as in bench/work.py; as random, for the time does not depend on the numbers.
function data(batches) {
  if (made.batches !== batches) {
    const examples = batches * batchSize;
    const classes = model().outputs[0].shape.at(-1);
    made.x = tf.randomUniform([examples, ...model().inputs[0].shape.slice(1)]);
    made.y =
      loss === "binaryCrossentropy"
        ? tf.cast(tf.less(tf.randomUniform([examples, ...model().outputs[0].shape.slice(1)]), 0.5), "float32")
        : tf.oneHot(tf.randomUniform([examples], 0, classes, "int32"), classes);
    made.batches = batches;
  }
  return [made.x, made.y];
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

const answers = {
  hello: async () => ({ versions: { tensorflowjs: tf.version.tfjs, node: process.versions.node } }),

  train: async ({ batches }) => {
    const [x, y] = data(batches);
    const start = performance.now();
    await model().fit(x, y, { batchSize, epochs: 1, verbose: 0 });
    return { milliseconds: (performance.now() - start) / batches };
  },

  predict: async ({ rows, seconds }) => {
    const x = tf.randomUniform([rows, ...model().inputs[0].shape.slice(1)]);
    const once = () => tf.tidy(() => model().predict(x, { batchSize: rows }).dataSync());
    const times = [];
    const call = () => {
      const start = performance.now();
      once();
      times.push(performance.now() - start);
    };
    call();
    // The first call warms up, but where it takes seconds it has to do.
    if (times[0] < SLOW) {
      times.pop();
      const end = performance.now() + 1000 * seconds;
      while (!times.length || performance.now() < end) call();
    }
    x.dispose();
    return { predict: median(times) };
  },
};

async function main() {
  await tf.setBackend(process.env.BACKEND);
  await tf.ready();
  // What libraries print goes to standard error, where it cannot be taken for an answer.
  console.log = console.info = console.error;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const question = JSON.parse(line);
    let answer;
    try {
      answer = await answers[question.do](question);
    } catch (error) {
      answer = { error: String(error.message || error).split("\n")[0].slice(0, 300) };
    }
    fs.writeSync(1, JSON.stringify(answer) + "\n");
  }
}

main();
