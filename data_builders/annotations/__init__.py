"""Files of annotation tools -> pictures with marks, and data sets -> such files.

marks         a shape with a kind, drawn as its tool draws it
pictures      annotated pictures, looked up on disk
coco          COCO: polygons, run lengths, boxes
labelme       LabelMe: a JSON file a picture
cvat          CVAT for images 1.1: one XML file
label_studio  Label Studio: its JSON export
voc           Pascal VOC: XML files and segmentations
yolo          YOLO: a text file a picture
written       data sets in these formats
documents     JSON and XML of people's programs, read safely
"""
