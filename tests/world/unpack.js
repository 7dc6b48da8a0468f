// Writes models that a package holds as JavaScript into folders: node unpack.js request.json answer.json
//
// The request is a list of [folder of model.min.js, folder to write]. Shards are modules beside it that export base64.
const fs = require('fs');
const path = require('path');

const [asked, answered] = process.argv.slice(2);
const exported = (file) => {
  const found = require(file);
  return found.default || found;
};

for (const [source, target] of JSON.parse(fs.readFileSync(asked))) {
  const model = exported(path.join(source, 'model.min.js'));
  fs.mkdirSync(target, {recursive: true});
  for (const name of model.weightsManifest.flatMap((group) => group.paths)) {
    fs.writeFileSync(path.join(target, name), Buffer.from(exported(path.join(source, `${name}.min.js`)), 'base64'));
  }
  fs.writeFileSync(path.join(target, 'model.json'), JSON.stringify(model));
}
fs.writeFileSync(answered, '{}');
