"""Datasets: streams of examples from lists, files, folders and functions, as in `tf.data` of TensorFlow.js."""

from velveteen.data.creation import array, func, generator, zip
from velveteen.data.csv_files import CSVDataset, csv
from velveteen.data.dataset import Dataset
from velveteen.data.folders import FolderDataset
from velveteen.data.images import image_folder
from velveteen.data.sounds import sound_folder
from velveteen.data.sources import DataSource, FileDataSource, URLDataSource
from velveteen.data.text_lines import TextLineDataset

__all__ = [
    "CSVDataset",
    "DataSource",
    "Dataset",
    "FileDataSource",
    "FolderDataset",
    "TextLineDataset",
    "URLDataSource",
    "array",
    "csv",
    "func",
    "generator",
    "image_folder",
    "sound_folder",
    "zip",
]
