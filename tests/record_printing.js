// Records how TensorFlow.js prints tensors, for test_formatting.py:
//   node tests/record_printing.js > tests/printed.json      (with @tensorflow/tfjs installed, or NODE_PATH set)
const tf = require('@tensorflow/tfjs');

let state = 7;
const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
const F = (...shape) => tf.tensor(Array.from({length: shape.reduce((a, b) => a * b, 1)}, () => random() * 200 - 100), shape);

const tensors = [
  tf.scalar(3.5), tf.scalar(0.1), tf.scalar(-7, 'int32'), tf.scalar(true), tf.scalar('text'), tf.scalar(1e30),
  tf.scalar(1e-10), tf.scalar(NaN), tf.scalar(-0), tf.complex(tf.scalar(1.5), tf.scalar(-2)),
  tf.tensor1d([1, 2.5, -3.125]), tf.tensor1d([NaN, Infinity, -Infinity, 1e21, 1e20, 123456789, 1e-7, 4e-8, 6e-8]),
  tf.tensor1d([1 / 256, 3 / 256, -1 / 256, 0.1, 1 / 3, 16777217, 0.00001, 1e6, 1e25, -0]),
  tf.tensor1d([true, false]), tf.tensor1d(['a', 'bc', '']), tf.tensor1d([1, -2, 3000], 'int32'), tf.tensor1d([]),
  F(20), F(21), F(30).toInt(), F(2, 3), F(3, 1), F(2, 3, 2), F(1, 1), F(1, 1, 1), F(2, 2, 2, 2), F(2, 1, 2, 1, 2),
  F(1, 2, 1, 1, 2, 1), F(21, 2), F(3, 25), F(22, 23), F(2, 21, 2), F(0, 3), F(2, 0), F(2, 0, 2),
  tf.tensor2d([[true, false], [false, false]]), tf.tensor2d([['a', 'bcd'], ['efghi', '']]),
  tf.complex([1, 2.5], [-1, 0.25]), tf.complex([[1, 22.5], [3, 4]], [[-1, 0.25], [1, 1]]),
  tf.tensor2d([[1, 100, 10000], [0.5, 0.25, -0.125]]), tf.tensor2d([[1, NaN], [-Infinity, 2]]),
];

const number = x => Number.isFinite(x) ? x : String(x);
const write = t => t.dtype === 'complex64'
    ? {$t: 1, dtype: t.dtype, shape: t.shape,
       data: {real: Array.from(tf.real(t).dataSync(), number), imag: Array.from(tf.imag(t).dataSync(), number)}}
    : {$t: 1, dtype: t.dtype, shape: t.shape,
       data: Array.from(t.dataSync(), t.dtype === 'string' ? x => x : number)};

process.stdout.write('[\n' + tensors.map(t => JSON.stringify(
    {tensor: write(t), short: t.toString(), verbose: t.toString(true)})).join(',\n') + '\n]\n');
