# Slicer's own stops here, too, where the extension does not describe itself.
foreach(_key HOMEPAGE CONTRIBUTORS DESCRIPTION ICONURL SCREENSHOTURLS DEPENDS)
  if("${EXTENSION_${_key}}" STREQUAL "")
    message(FATAL_ERROR "EXTENSION_${_key} is not set")
  endif()
  file(APPEND ${CMAKE_BINARY_DIR}/extension.txt "${_key} ${EXTENSION_${_key}}\n")
endforeach()
