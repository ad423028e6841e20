package storage

import (
	"mime"
	"path"
	"strings"
)

// ContentType tells by the ending of its name what a file holds. What people
// attach most is known whatever tables the machine has; the others are looked
// up there.
func ContentType(filename string) string {
	ext := strings.ToLower(path.Ext(filename))
	if t, ok := contentTypes[ext]; ok {
		return t
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}

var contentTypes = map[string]string{
	// images
	".avif": "image/avif",
	".bmp":  "image/bmp",
	".gif":  "image/gif",
	".heic": "image/heic",
	".heif": "image/heif",
	".jpe":  "image/jpeg",
	".jpeg": "image/jpeg",
	".jpg":  "image/jpeg",
	".jxl":  "image/jxl",
	".png":  "image/png",
	".svg":  "image/svg+xml",
	".tif":  "image/tiff",
	".tiff": "image/tiff",
	".webp": "image/webp",
	".dng":  "image/x-adobe-dng",
	// drawings and models
	".dwg":  "image/vnd.dwg",
	".dxf":  "image/vnd.dxf",
	".glb":  "model/gltf-binary",
	".gltf": "model/gltf+json",
	".ifc":  "application/x-step",
	".step": "model/step",
	".stp":  "model/step",
	".stl":  "model/stl",
	".vsd":  "application/vnd.visio",
	".vsdx": "application/vnd.ms-visio.drawing",
	// video and sound
	".3gp":  "video/3gpp",
	".avi":  "video/x-msvideo",
	".m4v":  "video/x-m4v",
	".mkv":  "video/x-matroska",
	".mov":  "video/quicktime",
	".mp4":  "video/mp4",
	".mpeg": "video/mpeg",
	".mpg":  "video/mpeg",
	".webm": "video/webm",
	".aac":  "audio/aac",
	".amr":  "audio/amr",
	".flac": "audio/flac",
	".m4a":  "audio/mp4",
	".mp3":  "audio/mpeg",
	".oga":  "audio/ogg",
	".ogg":  "audio/ogg",
	".opus": "audio/ogg",
	".wav":  "audio/wav",
	// documents
	".doc":  "application/msword",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".epub": "application/epub+zip",
	".odp":  "application/vnd.oasis.opendocument.presentation",
	".ods":  "application/vnd.oasis.opendocument.spreadsheet",
	".odt":  "application/vnd.oasis.opendocument.text",
	".pdf":  "application/pdf",
	".ppt":  "application/vnd.ms-powerpoint",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".rtf":  "application/rtf",
	".xls":  "application/vnd.ms-excel",
	".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	// mail and dates
	".eml": "message/rfc822",
	".ics": "text/calendar; charset=utf-8",
	".msg": "application/vnd.ms-outlook",
	".vcf": "text/vcard; charset=utf-8",
	// text and data
	".css":  "text/css; charset=utf-8",
	".csv":  "text/csv; charset=utf-8",
	".htm":  "text/html; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json",
	".log":  "text/plain; charset=utf-8",
	".md":   "text/markdown; charset=utf-8",
	".tsv":  "text/tab-separated-values; charset=utf-8",
	".txt":  "text/plain; charset=utf-8",
	".xml":  "text/xml; charset=utf-8",
	".yaml": "application/yaml",
	".yml":  "application/yaml",
	// archives
	".7z":  "application/x-7z-compressed",
	".bz2": "application/x-bzip2",
	".gz":  "application/gzip",
	".rar": "application/vnd.rar",
	".tar": "application/x-tar",
	".tgz": "application/gzip",
	".zip": "application/zip",
}
