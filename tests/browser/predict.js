// Runs on the page and in Node: how TensorFlow.js answers for a model that velveteen saved.

function toTensor(tf, { shape, dtype, data }) {
  return tf.tensor(data, shape, dtype);
}

async function fromTensor(tensor) {
  return { shape: tensor.shape, dtype: tensor.dtype, data: Array.from(await tensor.data()) };
}

// Returns the outputs for the inputs, whether the model came compiled, and its metadata.
async function predict(tf, source, inputs) {
  const model = await tf.loadLayersModel(source);
  const outputs = model.predict(inputs.map((input) => toTensor(tf, input)));
  return {
    outputs: await Promise.all((Array.isArray(outputs) ? outputs : [outputs]).map(fromTensor)),
    metadata: model.getUserDefinedMetadata() ?? null,
    weights: model.getWeights().length,
    optimizer: model.optimizer ? model.optimizer.getClassName() : null,
    loss: model.loss ?? null,
  };
}

if (typeof module !== "undefined") {
  module.exports = { toTensor, fromTensor, predict };
}
