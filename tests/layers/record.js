// Records what TensorFlow.js answers, for test_recorded.py: outputs, gradients and moved statistics of single layers.
//
//   npm install @tensorflow/tfjs@4.22.0 && node tests/layers/record.js > tests/layers/recorded.json
//
// Each case is a layer's class, its config, its inputs and its weights; `outputs` when predicting; `gradients` of
// sum(factors · outputs while training) by the inputs and the trainable weights; `weights_after` that training step.
// `gradients: false` is for layers whose gradient TensorFlow.js lacks, or has wrong on its cpu backend.
const tf = require('@tensorflow/tfjs');

const L = tf.layers;
let seed = 0;
const random = (shape, low = -1, high = 1) => tf.randomUniform(shape, low, high, 'float32', ++seed);
const shown = (tensor) => ({shape: tensor.shape, data: Array.from(tensor.dataSync(), (v) => Number(v.toPrecision(8)))});
const thirds = (shape) => random(shape).mul(3).round().div(3); // many equal values, for ties
const cases = [];

function record(layer, shapes, {make = random, gradients = true} = {}) {
  const inputs = shapes.map((shape) => make([2, ...shape]));
  const symbols = shapes.map((shape) => tf.input({shape}));
  const model = tf.model({inputs: symbols, outputs: layer.apply(shapes.length > 1 ? symbols : symbols[0])});
  const positive = (weight) => weight.originalName.endsWith('moving_variance');
  model.setWeights(model.weights.map((weight) => (positive(weight) ? random(weight.shape, 0.5, 1) : random(weight.shape))));
  const before = model.getWeights().map((weight) => weight.clone());
  const named = (tensors) =>
    Object.fromEntries(tensors.map((tensor, i) => [model.weights[i].originalName.split('/').pop(), shown(tensor)]));
  const outputs = model.predict(shapes.length > 1 ? inputs : inputs[0]);
  const found = {class_name: layer.getClassName(), config: layer.getConfig(), inputs: inputs.map(shown), weights: named(before), outputs: shown(outputs)};
  delete found.config.name;
  delete found.config.batchInputShape;
  if (gradients) {
    const factors = random(outputs.shape);
    const loss = (...xs) => layer.apply(xs.length > 1 ? xs : xs[0], {training: true}).mul(factors).sum();
    found.factors = shown(factors);
    found.input_gradients = tf.grads(loss)(inputs).map(shown);
    model.setWeights(before);
    found.weight_gradients = {};
    if (model.trainableWeights.length) {
      const {grads} = tf.variableGrads(() => loss(...inputs), model.trainableWeights.map((weight) => weight.val));
      for (const weight of model.trainableWeights) {
        found.weight_gradients[weight.originalName.split('/').pop()] = shown(grads[weight.val.name]);
      }
    }
    found.weights_after = named(model.getWeights());
  }
  cases.push(found);
}

for (const padding of ['valid', 'same']) {
  for (const strides of [1, 2]) {
    record(L.conv1d({filters: 2, kernelSize: 3, strides, padding, activation: 'relu'}), [[6, 2]]);
    record(L.conv2d({filters: 2, kernelSize: [3, 2], strides, padding, activation: 'relu'}), [[5, 4, 2]]);
    record(L.conv3d({filters: 2, kernelSize: 2, strides, padding}), [[3, 4, 3, 2]]);
    record(L.conv2dTranspose({filters: 2, kernelSize: 3, strides, padding}), [[3, 2, 2]]);
    record(L.separableConv2d({filters: 2, kernelSize: 3, strides, padding}), [[5, 4, 2]]);
    record(L.depthwiseConv2d({kernelSize: 3, strides, padding, depthMultiplier: 2}), [[5, 4, 2]]);
    for (const kind of ['maxPooling', 'averagePooling']) {
      record(L[`${kind}1d`]({poolSize: 3, strides, padding}), [[6, 2]], {make: thirds});
      record(L[`${kind}2d`]({poolSize: [3, 2], strides, padding}), [[5, 4, 2]], {make: thirds});
      record(L[`${kind}3d`]({poolSize: 2, strides, padding}), [[3, 4, 3, 2]]);
    }
  }
  record(L.conv1d({filters: 2, kernelSize: 2, dilationRate: 2, padding}), [[6, 2]], {gradients: false});
  record(L.conv2d({filters: 2, kernelSize: 2, dilationRate: [1, 2], padding}), [[5, 4, 2]], {gradients: false});
  record(L.conv2d({filters: 2, kernelSize: 3, dataFormat: 'channelsFirst', padding, activation: 'softmax'}), [[2, 5, 4]]);
  record(L.conv2dTranspose({filters: 2, kernelSize: 3, strides: 2, dataFormat: 'channelsFirst', padding}), [[2, 3, 2]]);
  record(L.conv3dTranspose({filters: 2, kernelSize: 2, strides: 2, padding}), [[2, 2, 3, 2]], {gradients: false});
  record(L.maxPooling2d({poolSize: 2, dataFormat: 'channelsFirst', padding}), [[2, 5, 4]]);
}
for (const activation of ['elu', 'selu', 'relu6', 'sigmoid', 'hardSigmoid', 'softplus', 'softsign', 'tanh', 'softmax', 'logSoftmax', 'mish', 'swish']) {
  record(L.dense({units: 3, activation}), [[4]]);
}
record(L.dense({units: 3, activation: 'relu'}), [[2, 4]]);
for (const [shape, axis] of [[[3], -1], [[4, 3], -1], [[3, 2, 3], -1]]) {
  record(L.batchNormalization({axis, momentum: 0.9}), [shape]);
}
for (const axis of [-1, 1, [1, 2], [2, 1]]) record(L.layerNormalization({axis}), [[4, 3]]);
for (const kind of ['globalAveragePooling1d', 'globalMaxPooling1d']) record(L[kind](), [[5, 2]], {make: thirds});
for (const kind of ['globalAveragePooling2d', 'globalMaxPooling2d']) record(L[kind]({}), [[3, 4, 2]], {make: thirds});
for (const kind of ['add', 'multiply', 'average', 'maximum', 'minimum']) {
  record(L[kind](), [[2, 3], [2, 3], [2, 3]], {make: thirds});
  record(L[kind](), [[3], [2, 2, 3]], {gradients: false});
}
record(L.concatenate({axis: 1}), [[2, 3], [1, 3]]);
for (const normalize of [false, true]) {
  record(L.dot({axes: 1, normalize}), [[4], [4]]);
  record(L.dot({axes: [2, 1], normalize}), [[3, 4], [4, 2]]);
}
record(L.leakyReLU(), [[2, 3]], {make: thirds});
record(L.prelu(), [[2, 3]], {make: thirds});
record(L.prelu({sharedAxes: [1, 2]}), [[2, 3, 2]], {make: thirds});
record(L.reLU({maxValue: 1 / 3}), [[2, 3]], {make: thirds});
record(L.thresholdedReLU({theta: 1 / 3}), [[2, 3]], {make: thirds, gradients: false}); // it has none there
record(L.softmax({axis: -1}), [[2, 3]]);
record(L.upSampling2d({size: [2, 3]}), [[2, 3, 2]], {gradients: false});
record(L.upSampling2d({size: [2, 3], interpolation: 'bilinear'}), [[2, 3, 2]], {gradients: false});
record(L.zeroPadding2d({padding: [[1, 0], [0, 2]]}), [[2, 3, 2]]);
record(L.cropping2D({cropping: [[1, 0], [0, 2]]}), [[3, 4, 2]]);
record(L.flatten({dataFormat: 'channelsFirst'}), [[2, 3, 2]]);
record(L.permute({dims: [3, 1, 2]}), [[2, 3, 2]]);
record(L.repeatVector({n: 2}), [[3]]);
record(L.masking({maskValue: 0}), [[3, 1]], {make: thirds, gradients: false});
record(L.convLstm2d({filters: 2, kernelSize: [3, 2], recurrentActivation: 'sigmoid'}), [[3, 5, 4, 2]]);
record(L.convLstm2d({filters: 2, kernelSize: 3, strides: 2, padding: 'same', returnSequences: true}), [[3, 5, 4, 2]]);
record(L.convLstm2d({filters: 2, kernelSize: 2, dilationRate: 2, activation: 'relu', goBackwards: true, useBias: false}), [[3, 4, 5, 2]], {gradients: false});

process.stdout.write('[\n' + cases.map((each) => JSON.stringify(each)).join(',\n') + '\n]\n');
