// node node_names.js REQUEST ANSWER: tells for each topology and training configuration by name whether TensorFlow.js takes it.

const fs = require("fs");
const tf = require("@tensorflow/tfjs");

async function answer({ topology, trainingConfig, x }) {
  try {
    const model = await tf.models.modelFromJSON(topology);
    if (trainingConfig) {
      model.loadTrainingConfig(trainingConfig);
      return { config: model.optimizer.getConfig(), names: model.metricsNames };
    }
    return { output: Array.from(model.predict(tf.tensor2d(x)).dataSync()) };
  } catch (error) {
    return { error: error.message };
  }
}

async function main() {
  const [request, target] = process.argv.slice(2);
  const asked = JSON.parse(fs.readFileSync(request, "utf8"));
  const answers = {};
  for (const [name, each] of Object.entries(asked)) {
    answers[name] = await answer(each);
  }
  fs.writeFileSync(target, JSON.stringify(answers));
}

main();
