// node node_models.js REQUEST ANSWER: makes models, saves them as TensorFlow.js does, then trains each a step.

const fs = require("fs");
const path = require("path");
const tf = require("@tensorflow/tfjs");
const { toTensor, fromTensor } = require("./predict.js");

const { layers } = tf;

const builders = {
  dense: () =>
    tf.sequential({
      layers: [
        layers.dense({ units: 6, inputShape: [4], activation: "relu", kernelRegularizer: "l1l2" }),
        layers.dropout({ rate: 0 }),
        layers.dense({ units: 3, activation: "softmax", biasInitializer: "ones" }),
      ],
    }),
  convolutions: () =>
    tf.sequential({
      layers: [
        layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 2], padding: "same", activation: "relu" }),
        layers.batchNormalization({ momentum: 0.9 }),
        layers.separableConv2d({ filters: 5, kernelSize: [3, 2], strides: 2 }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.flatten(),
        layers.dense({ units: 3, activation: "softmax" }),
      ],
    }),
  recurrent: () =>
    tf.sequential({
      layers: [
        layers.embedding({ inputDim: 12, outputDim: 5, inputLength: 6, maskZero: true }),
        layers.lstm({ units: 4, returnSequences: true }),
        layers.bidirectional({ layer: layers.gru({ units: 3, recurrentActivation: "sigmoid" }), mergeMode: "concat" }),
        layers.dense({ units: 3, activation: "softmax" }),
      ],
    }),
  branches: () => {
    const a = tf.input({ shape: [4], name: "left" });
    const b = tf.input({ shape: [3], name: "right" });
    const inner = tf.sequential({ layers: [layers.dense({ units: 3, inputShape: [4], activation: "tanh" })] });
    const both = layers.concatenate().apply([inner.apply(a), b]);
    const sum = layers.add().apply([inner.apply(a), b]);
    return tf.model({
      inputs: [a, b],
      outputs: [
        layers.dense({ units: 2, activation: "softmax", name: "first" }).apply(both),
        layers.dense({ units: 1, name: "second" }).apply(sum),
      ],
    });
  },
};

const losses = {
  dense: "categoricalCrossentropy",
  convolutions: "categoricalCrossentropy",
  recurrent: "categoricalCrossentropy",
  branches: ["categoricalCrossentropy", "meanSquaredError"],
};
const optimizers = {
  dense: () => tf.train.adam(0.01, 0.8, 0.99),
  convolutions: () => tf.train.momentum(0.05, 0.9),
  recurrent: () => tf.train.rmsprop(0.01),
  branches: () => tf.train.sgd(0.1),
};

async function save(model, folder) {
  fs.mkdirSync(folder, { recursive: true });
  const handler = tf.io.withSaveHandler(async ({ weightSpecs, weightData, ...artifacts }) => {
    artifacts.weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
    fs.writeFileSync(path.join(folder, "model.json"), JSON.stringify(artifacts));
    fs.writeFileSync(path.join(folder, "weights.bin"), Buffer.from(weightData));
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  });
  await model.save(handler, { includeOptimizer: true });
}

async function answer(name, { folder, inputs, targets }) {
  const model = builders[name]();
  model.compile({ optimizer: optimizers[name](), loss: losses[name], metrics: name === "branches" ? undefined : ["accuracy"] });
  model.setUserDefinedMetadata({ made: name });
  await save(model, folder);
  const x = inputs.map((input) => toTensor(tf, input));
  const y = targets.map((target) => toTensor(tf, target));
  const predict = async () => {
    const outputs = model.predict(x);
    return Promise.all((Array.isArray(outputs) ? outputs : [outputs]).map(fromTensor));
  };
  const outputs = await predict();
  const { history } = await model.fit(x, y, { epochs: 2, batchSize: 4, shuffle: false });
  return { outputs, history, trained: await predict() };
}

async function main([requestPath, answerPath]) {
  await tf.setBackend("cpu");
  const answers = {};
  for (const [name, job] of Object.entries(JSON.parse(fs.readFileSync(requestPath, "utf8")))) {
    try {
      answers[name] = await answer(name, job);
    } catch (error) {
      answers[name] = { error: String(error.stack) };
    }
  }
  fs.writeFileSync(answerPath, JSON.stringify(answers));
}

main(process.argv.slice(2));
